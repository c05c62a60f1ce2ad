/** Sets the flags of each node's network runtime: the pod subnet, and how nodes reach the pods of other nodes. */

import {runsUserRuntime} from '../../cluster/user-runtime.ts';
import type {Host} from '../../host/host.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {flagsOfStack, readFlags, runtimeEnvironment, withRuntimeFlags} from '../lib/runtime-environment.ts';
import {cluster} from './cluster.ts';

export const runtimeFlags: DemoTask = {
  id: 'setup/runtime-flags',
  title: 'Set pod subnet and pod routing backend',
  needs: [cluster.id],
  live: true,
  inputs: ({cluster: {backend}, stack}) => ({
    backend: backend ?? null,
    podSubnet: stack.cluster.podSubnet,
  }),
  async done(context) {
    const texts = await Promise.all((await nodesOf(context)).map(readEnvironment));
    return texts.every((text) => text === environmentFor(context, text)) ? 'unchanged' : undefined;
  },
  // The user's own network runtime does not get these flags; kni-demo's has them when it is in use again.
  async run(context, {signal, log}) {
    for (const node of await nodesOf(context)) {
      const input = environmentFor(context, await readEnvironment(node));
      const write = `mkdir -p /etc/kni && cat >${runtimeEnvironment.path}`;
      await node.run(['sh', ['-ec', write]], {input, signal});
      if (await runsUserRuntime(node, signal)) continue;
      await node.run(['systemctl', ['restart', 'kni.service']], {signal, onLine: log});
    }
  },
};

const nodesOf = async (context: DemoContext): Promise<readonly Host[]> => {
  const found = await currentCluster(context);
  return found.nodes.map(({name}) => found.node(name));
};

/**
 * `current` is the file on the node. Its backend is kept unless the user chose one, and while another program routes packets: the
 * task of the network gives the backend back.
 */
const environmentFor = ({cluster: {backend}, stack}: DemoContext, current: string): string => {
  const isChosen = backend !== undefined && readFlags(current)['backend'] !== 'none';
  return withRuntimeFlags(current, {...flagsOfStack(stack), ...(isChosen && {backend})});
};

const readEnvironment = async (node: Host): Promise<string> => {
  const {stdout} = await node.run(['sh', ['-ec', `cat ${runtimeEnvironment.path} 2>/dev/null || true`]]);
  return stdout === '' ? '' : `${stdout.trim()}\n`;
};
