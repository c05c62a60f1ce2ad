/** The network runtime of kni-demo itself, with the CNI plugins of this machine, for the conformance suite. */

import {access} from 'node:fs/promises';
import {join} from 'node:path';
import {UserError} from '../errors.ts';
import type {Command} from '../host/host.ts';
import {bundleProgram} from '../stages/lib/bundle-program.ts';

/** Where Debian, Fedora and kubeadm put them. */
const pluginDirs = ['/usr/lib/cni', '/usr/libexec/cni', '/opt/cni/bin'];
const plugins = ['bridge', 'host-local', 'portmap'];

/** The runtime takes flags, and remembers its podCIDR in a file. */
const script = (file: string, pluginDir: string): string => `
mkdir -p "$KNI_STATE_DIR"
[ -z "$KNI_POD_CIDRS" ] || echo "[{\\"name\\":\\"$KNI_NODE_NAME\\",\\"podCidr\\":\\"$KNI_POD_CIDRS\\",\\"internalIp\\":\\"\\"}]" >"$KNI_STATE_DIR/nodes.json"
exec '${process.execPath}' ${file} --socket="$KNI_SOCKET" --state-dir="$KNI_STATE_DIR" --netns-dir="$KNI_NETNS_DIR" \\
  --node-name="$KNI_NODE_NAME" --kubeconfig="$KNI_KUBECONFIG" --cni-bin-dir='${pluginDir}' --cni-conf-dir=/run/kni-net.d \\
  --container-runtime-cni-dir=/run/others --cni-cache-dir=/run/others-cache --metrics-address=`;

/** Writes its bundle to a path below `/run` of the node. CNI_PATH names the directory of the plugins. Rejects with UserError without plugins. */
export const defaultRuntime =
  (env: Readonly<Record<string, string | undefined>>) =>
  async ({path}: {readonly path: (inside: string) => string}): Promise<Command> => {
    const dirs = env['CNI_PATH']?.split(':') ?? pluginDirs;
    const found: string[] = [];
    for (const dir of dirs) if (await hasPlugins(dir)) found.push(dir);
    const [pluginDir] = found;
    if (pluginDir === undefined)
      throw new UserError({
        what: 'cannot test the network runtime of kni-demo',
        why: `no directory has the CNI plugins ${plugins.join(', ')}: ${dirs.join(', ')}`,
        tryThis: 'apt-get install containernetworking-plugins, or set CNI_PATH to their directory',
        code: 'KNI-E311',
      });
    const file = '/run/kni-runtime.cjs';
    await bundleProgram('runtime', path(file));
    return ['sh', ['-c', script(file, pluginDir)]];
  };

const hasPlugins = async (dir: string): Promise<boolean> => {
  const present = await Promise.allSettled(plugins.map((name) => access(join(dir, name))));
  return present.every(({status}) => status === 'fulfilled');
};
