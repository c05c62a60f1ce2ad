/** Reads from the logs of a node when the network and the container of a pod started. */

/** Milliseconds since the epoch, with fractions. */
export interface PodTimes {
  /** The kubelet's first call for the sandbox: CreateNetwork with KNI, RunPodSandbox with CNI. */
  readonly sandboxBegin: number;
  /** The first CNI plugin runs. */
  readonly pluginBegin: number;
  /** The container runtime has started the container. */
  readonly containerStarted: number;
}

export interface PodLogs {
  /** The lines of containerd since the creation of the pod. */
  readonly containerd: string;
  /** The output of the plugin that writes the time of each call. */
  readonly plugin: string;
  /** When the network runtime began CreateNetwork; undefined with CNI. */
  readonly createNetwork: number | undefined;
}

/** Throws Error if the logs do not tell. `pod` is a name without dots that no other pod of the node had. */
export const podTimesFrom = (pod: string, {containerd, plugin, createNetwork}: PodLogs): PodTimes => {
  const lines = containerd.split('\n').flatMap((line) => {
    const [, time, message] = /^time="([^"]+)" level=info msg="(.*)"$/.exec(line) ?? [];
    return time && message ? [{time: timeFrom(time), message: message.replaceAll('\\"', '"')}] : [];
  });
  const find = (what: string, pattern: RegExp): {readonly time: number; readonly id: string} => {
    for (const {time, message} of lines) {
      const match = pattern.exec(message);
      if (match) return {time, id: match[1] ?? ''};
    }
    throw new Error(`the log of containerd does not say when it ${what} for pod ${pod}`);
  };
  const metadata = `&PodSandboxMetadata\\{Name:${pod},[^}]*\\}`;
  const run = find('ran a sandbox', new RegExp(`^RunPodSandbox for ${metadata}$`));
  const sandbox = find(
    'had run a sandbox',
    new RegExp(`^RunPodSandbox for ${metadata} returns sandbox id "(\\w+)"`),
  );
  const container = find(
    'created a container',
    new RegExp(`^CreateContainer within sandbox "${sandbox.id}" .* returns container id "(\\w+)"`),
  );
  const started = find(
    'started a container',
    new RegExp(`^StartContainer for "${container.id}" returns successfully`),
  );
  const stamp = plugin.split('\n').find((line) => line.endsWith(` ${sandbox.id}`));
  if (stamp === undefined) throw new Error(`no CNI plugin ran for pod ${pod}`);
  return {
    sandboxBegin: createNetwork ?? run.time,
    pluginBegin: Number(stamp.split(' ')[0]) / 1e6,
    containerStarted: started.time,
  };
};

/** `2026-11-28T16:12:21.119932126Z`, with the microseconds that Date would drop. */
const timeFrom = (text: string): number => {
  const [, whole = '', fraction = '0'] = /^([^.]*)(?:\.(\d+))?Z?$/.exec(text) ?? [];
  return Date.parse(`${whole}Z`) + Number(`0.${fraction}`) * 1_000;
};
