/** The network runtime's log in each node's journal, one line for every RPC: text, or JSON from older runtimes. */

import {z} from 'zod';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {runtimeJournal} from '../tools/journalctl.ts';
import {parseTextLine} from './log-line-text.ts';

/** A field of the wrong type is ignored. */
const text = z.string().optional().catch(undefined);

const logLine = z.looseObject({
  level: z.string(),
  msg: z.string(),
  /** RFC 3339, UTC. */
  time: z.string(),
  rpc: text,
  /** `<namespace>/<name>` */
  pod: text,
  uid: text,
  /** Key of the sandbox's record: the same in every line about it. */
  correlation: text,
  sandbox: text,
  netns: text,
  plugin: text,
  error: text,
  /** Milliseconds the RPC or plugin took. */
  ms: z.number().optional().catch(undefined),
});
export type LogLine = Readonly<z.infer<typeof logLine>>;

/** Undefined for other lines: systemd writes its messages to the same journal. */
export const parseLogLine = (line: string): LogLine | undefined => {
  try {
    return logLine.safeParse(line.startsWith('{') ? JSON.parse(line) : parseTextLine(line)).data;
  } catch {
    return undefined;
  }
};

/** The lines of a node's runtime that match `pattern`, a Perl regular expression; oldest first. */
export const linesMatching = async (
  pattern: string,
  node: Host,
  signal: AbortSignal,
): Promise<readonly LogLine[]> => {
  try {
    const {stdout} = await node.run(runtimeJournal({pattern}), {signal});
    return stdout.split('\n').flatMap((line) => parseLogLine(line) ?? []);
  } catch (error) {
    // journalctl fails when no line matches. Whether that is a problem depends on the caller.
    const isEmpty =
      error instanceof CommandError && error.exitStatus === 1 && /^(-- No entries --)?$/.test(error.output);
    if (isEmpty) return [];
    throw error;
  }
};

/** The content of `ipconfigs received for id: <id> ip: map[<if>:ip:"…" mac:"…" …]`, a line of the original demo. */
export interface ReceivedIpConfigs {
  readonly sandbox: string;
  /** By interface, in the order of the line. */
  readonly interfaces: ReadonlyMap<
    string,
    {readonly ips: readonly string[]; readonly mac: string | undefined}
  >;
}

const field = String.raw`(?:ip|mac):"[^"]*"`;
/** An interface's name has no blanks and no colons. The fields of an interface are separated by blanks. */
const entry = String.raw`[^\s:"]+:(?:${field}(?: ${field})*)?`;
const whole = new RegExp(
  String.raw`^ipconfigs received for id: (\S+) ip: map\[((?:${entry}(?: ${entry})*)?)\]$`,
);

/** Undefined for any other line. */
export const receivedIpConfigs = (msg: string): ReceivedIpConfigs | undefined => {
  const match = whole.exec(msg);
  if (!match) return undefined;
  const [, sandbox = '', body = ''] = match;
  const interfaces = new Map(
    [...body.matchAll(new RegExp(entry, 'g'))].map(([described]) => {
      const fields = [...described.matchAll(/(ip|mac):"([^"]*)"/g)];
      return [
        described.slice(0, described.indexOf(':')),
        {
          ips: fields.filter(([, key]) => key === 'ip').map(([, , value = '']) => value),
          mac: fields.find(([, key]) => key === 'mac')?.[2],
        },
      ] as const;
    }),
  );
  return {sandbox, interfaces};
};
