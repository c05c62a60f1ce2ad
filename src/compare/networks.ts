/** The two networks that are compared: the node's own KNI network, and the same one for CNI in containerd. */

import {z} from 'zod';
import type {NewFiles} from '../changes/node-files.ts';
import {UserError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {readJson} from '../json.ts';

/** Temporary files on the node. A tmpfs, so they do not survive a restart of the node. */
export const scratch = '/run/kni-demo';
/** One line for each ADD: nanoseconds since the epoch, and the id of the sandbox. */
export const timesFile = '/run/kni-demo-times';

/** The first plugin of both chains, part of the node image. It only writes the time, and costs both sides the same. */
const timestampPlugin = 'kni-demo-timestamp';
/** Sorts before the runtime's own 10-kni.conflist, so that it is used instead. */
const kniConflist = '/etc/kni/net.d/05-kni-demo-compare.conflist';
const cniConflist = '/etc/kni/containerd-net.d/05-kni-demo-compare.conflist';
/** The default of containerd. */
const cniBinDir = '/opt/cni/bin';

const plugin = z.looseObject({
  type: z.string(),
  ipam: z.looseObject({type: z.string(), dataDir: z.string().optional()}).optional(),
});
const conflist = z.looseObject({cniVersion: z.string(), name: z.string(), plugins: z.array(plugin).min(1)});
type Conflist = z.infer<typeof conflist>;

export interface ComparedNetworks {
  /** Changes the chain of the KNI network for a while. */
  readonly kni: NewFiles;
  /** Switches the node to CNI in containerd. */
  readonly cni: NewFiles;
  /** The plugin programs that run for ADD, in this order, without the one that writes the time. */
  readonly programs: {readonly kni: readonly string[]; readonly cni: readonly string[]};
}

/** Directories with CNI plugins: the runtime's and containerd's. */
const binDirs = ['/usr/lib/cni', cniBinDir];

/** Reads the KNI network of the node. Throws UserError if it cannot be used for CNI. */
export const networksToCompare = async (
  host: Host,
  node: string,
  signal: AbortSignal,
): Promise<ComparedNetworks> => {
  const {stdout: text} = await host.run(
    [
      'sh',
      ['-ec', 'for file in /etc/kni/net.d/*.conflist; do if [ -e "$file" ]; then exec cat "$file"; fi; done'],
    ],
    {signal, timeout: 20_000},
  );
  if (text === '')
    throw new UserError({
      what: `cannot switch node ${node} to CNI`,
      why: '/etc/kni/net.d has no configuration: the pods of this cluster get their network from another program',
      tryThis: 'compare on a cluster with the network of kni-demo: kni-demo up --cni kni',
      code: 'KNI-E119',
    });
  const original = readJson(conflist, text, `the network configuration of ${node}`);
  const chain = original.plugins.flatMap(({type, ipam}) => (ipam ? [type, ipam.type] : [type]));
  // containerd brings up the loopback device with a plugin, the network runtime without one.
  const programs = {kni: chain, cni: ['loopback', ...chain]};
  const types = [timestampPlugin, ...programs.cni];
  const places = await placesOf(host, types, signal);
  const missing = types.find((type) => places.get(type) === undefined);
  if (missing !== undefined) {
    throw new UserError({
      what: `cannot switch node ${node} to CNI`,
      why: `the plugin ${missing} is neither in ${binDirs.join(' nor in ')}`,
      tryThis: 'recreate the cluster, install the plugin on the node, or choose another node with --node',
      code: 'KNI-E119',
    });
  }
  return {
    programs,
    kni: {
      // The undo removes it.
      [timesFile]: '',
      [kniConflist]: textOf(withTimestamps(original)),
    },
    cni: {
      [timesFile]: '',
      [cniConflist]: textOf(withTimestamps(forContainerd(original))),
      ...Object.fromEntries(
        [...places].flatMap(([type, {path, isLinked}]) =>
          isLinked ? [] : [[`${cniBinDir}/${type}`, {link: path}]],
        ),
      ),
      // An empty endpoint switches KNI off in the kubelet.
      '/etc/systemd/system/kubelet.service.d/90-kni-demo-compare.conf':
        '[Service]\nEnvironment=KNI_ENDPOINT=\n',
    },
  };
};

interface PluginPlace {
  readonly path: string;
  /** Whether containerd finds it, too. Then it must not be linked: one directory may be a link to the other. */
  readonly isLinked: boolean;
}

const placesOf = async (
  host: Host,
  types: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PluginPlace>> => {
  const script = `for type; do
    for dir in ${binDirs.join(' ')}; do
      if [ -f "$dir/$type" ]; then echo "$type $dir/$type $([ -e ${cniBinDir}/$type ] && echo linked)"; break; fi
    done
  done`;
  const {stdout} = await host.run(['sh', ['-ec', script, 'sh', ...types]], {signal, timeout: 20_000});
  return new Map(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '))
      .map(([type = '', path = '', linked]) => [type, {path, isLinked: linked === 'linked'}]),
  );
};

const withTimestamps = (list: Conflist): Conflist => ({
  ...list,
  plugins: [{type: timestampPlugin}, ...list.plugins],
});

/** Uses the same bridge, range and routes, but another name and lease directory: the runtime's reconcile would remove foreign leases. */
const forContainerd = (list: Conflist): Conflist => ({
  ...list,
  name: `${list.name}-compare`,
  plugins: list.plugins.map(({ipam, ...rest}) =>
    ipam === undefined ? rest : {...rest, ipam: {...ipam, dataDir: `${scratch}/ipam`}},
  ),
});

const textOf = (list: Conflist): string => `${JSON.stringify(list, undefined, 2)}\n`;
