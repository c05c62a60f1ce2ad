/** The network runtime's log: JSON lines in each node's journal, one for every RPC. */

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly rpc?: string;
  /** `<namespace>/<name>` */
  readonly pod?: string;
  readonly uid?: string;
  readonly sandbox?: string;
  readonly netns?: string;
  readonly plugin?: string;
  readonly error?: string;
  /** Milliseconds the RPC or plugin took. */
  readonly ms?: number;
}

/** Undefined for what is not a line of the runtime: systemd's own remarks stand in the same journal. */
export const parseLogLine = (text: string): LogLine | undefined => {
  if (!text.startsWith('{')) return undefined;
  try {
    const line: unknown = JSON.parse(text);
    return isLogLine(line) ? line : undefined;
  } catch {
    return undefined;
  }
};

const isLogLine = (line: unknown): line is LogLine =>
  typeof line === 'object' && line !== null && 'level' in line && 'msg' in line && 'time' in line;

/** What `ipconfigs received for id: <id> ip: map[<if>:ip:"…" mac:"…" …]` says; the line the original demo is known by. */
export interface ReceivedIpConfigs {
  readonly sandbox: string;
  /** By interface, in the order of the line. */
  readonly interfaces: ReadonlyMap<
    string,
    {readonly ips: readonly string[]; readonly mac: string | undefined}
  >;
}

export const receivedIpConfigs = (msg: string): ReceivedIpConfigs | undefined => {
  const match = /^ipconfigs received for id: (\S+) ip: map\[(.*)\]$/.exec(msg);
  if (!match) return undefined;
  const [, sandbox = '', body = ''] = match;
  const interfaces = new Map(
    [...body.matchAll(/(?:^| )([^\s:"]+):((?:(?:ip|mac):"[^"]*" ?)*)/g)].map(([, name = '', fields = '']) => {
      const values = [...fields.matchAll(/(ip|mac):"([^"]*)"/g)];
      return [
        name,
        {
          ips: values.filter(([, key]) => key === 'ip').map(([, , value = '']) => value),
          mac: values.find(([, key]) => key === 'mac')?.[2],
        },
      ] as const;
    }),
  );
  return {sandbox, interfaces};
};
