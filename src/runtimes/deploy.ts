/** Replaces a runtime that is developed, without new sandboxes. A version that does not become ready is replaced by the former one. */

import {createHash} from 'node:crypto';
import {parse} from 'node:path';
import {versionScript} from '../changes/restore-version.ts';
import {type Cluster, flagOf} from '../cluster/cluster.ts';
import {developedFile, developedId, userRuntimesOf} from '../cluster/user-runtime.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Command, Host} from '../host/host.ts';
import {programName} from './build.ts';
import type {Project} from './project.ts';
import {awaitReady, notReady} from './ready.ts';

/**
 * A shell function that waits until the kubelet is connected to the new runtime, or a few seconds have passed. The kubelet reconnects
 * with a backoff from 0.2 s. It refuses pods until then, and tries them again only after 10 to 15 s. A reader of events, or a program
 * that has just asked for the networks, may be connected, too: only the kubelet's end of a connection names the kubelet.
 */
export const kubeletConnected = `
kubelet_connected() {
  for _ in $(seq 50); do
    sockets=$(ss -xpH state established 2>/dev/null) || return 0
    echo "$sockets" | awk '
      $4 == "/run/kni/kni.sock" { server[$5] = 1 }
      /"kubelet"/ { peers[$7] = 1 }
      END { for (id in peers) if (id in server) exit 0; exit 1 }' && return 0
    sleep 0.05
  done
}
`;

/** The line that the script prints when the new version is ready. */
const servingLine = 'serving';

/**
 * The node finishes this script, also when this process is killed: one of the two versions runs afterwards. `$2` and `$3` are the
 * sha256 of the new version and of the one that was proved last, which is kept.
 */
const script = `${awaitReady}${kubeletConnected}${versionScript}
cat >"$1.new"
has "$1.new" "$2" || exit 2
chmod 755 "$1.new"
if has "$1" "$3"; then ln -f "$1" "$1.proved"; fi
ln -f "$1" "$1.last"
mv -f "$1.new" "$1"
systemctl restart kni
await_ready 0 && { echo ${servingLine}; kubelet_connected; exit 0; }
mv -f "$1.last" "$1"
systemctl restart kni
exit 1`;

/** The sha256 in hexadecimal. */
export const digestOf = (program: Buffer | string): string =>
  createHash('sha256').update(program).digest('hex');

/** The name of the file on a node. Each project has its own: after a rollback, a node runs the file of the project before. */
export const developedName = (project: Project): string => {
  const {name, ext} = parse(programName(project));
  return `${name}-${digestOf(project.directory).slice(0, 8)}${ext}`;
};

export interface Version {
  readonly source: string;
  /** Of the file on a node. */
  readonly name: string;
  readonly program: Buffer;
}

export type Deployment = {readonly kind: 'serving'} | {readonly kind: 'refused'; readonly error: UserError};

export interface NodeVersion extends Version {
  readonly node: string;
  /** The version that was proved last. */
  readonly proved: Buffer;
  /** Called when the new version serves. */
  readonly onServing?: () => void;
}

/**
 * Resolves when the kubelet is connected to the new version, or the former one is back. It cannot be cancelled, because it takes at most
 * seconds.
 */
export const deploy = async (
  host: Host,
  {node, source, name, program, proved, onServing}: NodeVersion,
): Promise<Deployment> => {
  const since = Date.now();
  try {
    const args = [developedFile(name), digestOf(program), digestOf(proved)];
    const command: Command = ['sh', ['-c', script, 'sh', ...args]];
    const onLine = (line: string): void => {
      if (line === servingLine) onServing?.();
    };
    await host.run(command, {input: program, timeout: 60_000, onLine});
    return {kind: 'serving'};
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitStatus !== 1) throw error;
    return {kind: 'refused', error: await notReady(error.output, {host, node, source, since}, error)};
  }
};

/** The nodes that run a version of the project `source`. */
const nodesWith = async (
  cluster: Pick<Cluster, 'nodes' | 'node'>,
  source: string,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const runtimes = await userRuntimesOf(cluster, signal);
  return cluster.nodes
    .map(({name}) => name)
    .filter((name) => {
      const found = runtimes.get(name);
      return found?.id === developedId && found.source === source;
    });
};

const notTheSame = (cluster: Pick<Cluster, 'nodes'>, source: string): UserError =>
  new UserError({
    what: `cannot develop ${source} on these nodes`,
    why: 'only some nodes run a version of it, or they run different versions',
    tryThis: `go back to kni-demo's own runtime first: kni-demo runtime use default${flagOf(cluster)}`,
    code: 'KNI-E407',
  });

/**
 * The version that an earlier session has left on all nodes. Undefined if no node runs one, or all files are missing. Throws UserError
 * if only some nodes run it: the next version would overwrite the file that these nodes need after a rollback.
 */
export const developedProgram = async (
  cluster: Pick<Cluster, 'nodes' | 'node'>,
  {source, name: file}: Omit<Version, 'program'>,
  signal: AbortSignal,
): Promise<Buffer | undefined> => {
  const [first] = cluster.nodes;
  if (first === undefined) return undefined;
  const running = await nodesWith(cluster, source, signal);
  if (running.length === 0) return undefined;
  const print = async (node: string, program: string): Promise<string> => {
    const command: Command = ['sh', ['-c', `[ ! -e "$1" ] || ${program} <"$1"`, 'sh', developedFile(file)]];
    return (await cluster.node(node).run(command, {signal, timeout: 20_000})).stdout;
  };
  const digests = new Set(await Promise.all(running.map((name) => print(name, 'sha256sum'))));
  if (digests.size > 1 || running.length < cluster.nodes.length) throw notTheSame(cluster, source);
  const text = await print(first.name, 'base64');
  return text === '' ? undefined : Buffer.from(text, 'base64');
};

export interface NextVersion extends Version {
  /** The version that runs on the nodes. */
  readonly former: Buffer;
  /** The version that was proved last. */
  readonly proved: Buffer;
  /** Called when the new version serves on all nodes. */
  readonly onServing?: () => void;
}

/**
 * Returns nothing, or why a node refused the version. Then all nodes run the former one. Rejects if a node cannot be reached, and the
 * others then run the former version, or if the former version does not serve again.
 */
export const deployOnAll = async (
  {nodes, node}: Pick<Cluster, 'node'> & {readonly nodes: readonly {readonly name: string}[]},
  {former, program: next, onServing, ...version}: NextVersion,
): Promise<UserError | readonly []> => {
  const put = (name: string, program: Buffer, served?: () => void) =>
    deploy(node(name), {...version, node: name, program, ...(served && {onServing: served})});
  const serving = new Set<string>();
  const note = (name: string): void => {
    serving.add(name);
    if (serving.size === nodes.length) onServing?.();
  };
  const results = await Promise.allSettled(nodes.map(({name}) => put(name, next, () => note(name))));
  const refused = results.flatMap((each) =>
    each.status === 'fulfilled' && each.value.kind === 'refused' ? [each.value.error] : [],
  );
  const failed = results.find((each) => each.status === 'rejected');
  const [first] = refused;
  if (failed === undefined && first === undefined) return [];
  const restored = await Promise.allSettled(
    results.map(async (each, index) => {
      const isServing = each.status === 'fulfilled' && each.value.kind === 'serving';
      const back = isServing ? await put(nodes[index]?.name ?? '', former) : undefined;
      if (back?.kind === 'refused') throw back.error;
    }),
  );
  const notRestored = failed ?? restored.find((each) => each.status === 'rejected');
  if (notRestored !== undefined) throw notRestored.reason;
  return first ?? [];
};
