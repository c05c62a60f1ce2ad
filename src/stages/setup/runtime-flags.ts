/** setup, of the network runtimes: how their nodes reach each other's pods, and which further networks pods can ask for. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Host} from '../../host/host.ts';
import {project} from '../../project.ts';
import {applyManifest, kubectl} from '../../tools/kubectl.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {persistently} from '../lib/retry.ts';
import {runtimeEnvironment, runtimeEnvironmentFor} from '../lib/runtime-environment.ts';
import {currentCluster, runtimeFlagsId, setup} from './cluster.ts';

const manifest = join(project.manifests, 'cluster', 'network-runtime.yaml');

/** The rest of the file comes with these two. */
const definitions: DemoTask = {
  id: 'setup/network-definitions',
  title: 'Let pods ask for further networks',
  needs: [setup.cluster.id],
  live: true,
  async done(context) {
    const {controlPlane} = await currentCluster(context);
    const names = [
      'crd/network-attachment-definitions.k8s.cni.cncf.io',
      'clusterrolebinding/kni:network-runtime',
    ];
    const {stdout} = await controlPlane.run(kubectl('get', ...names, '--ignore-not-found', '-o', 'name'));
    const found = stdout.split('\n').filter(Boolean);
    return found.length === names.length ? 'NetworkAttachmentDefinitions are known' : undefined;
  },
  async run(context, {signal, log}) {
    const {controlPlane} = await currentCluster(context);
    const input = await readFile(manifest, 'utf8');
    await persistently(() => controlPlane.run(applyManifest, {input, signal, onLine: log}), signal, {log});
  },
};

/** Without a chosen backend, the nodes keep the one that they have. */
const flags: DemoTask = {
  id: runtimeFlagsId,
  title: 'Set the pod subnet and the backend of the network runtimes',
  needs: [setup.cluster.id],
  live: true,
  inputs: ({cluster, stack}) => ({
    backend: cluster.backend ?? null,
    podSubnet: stack.cluster.podSubnet,
  }),
  async done(context) {
    const texts = await Promise.all((await nodesOf(context)).map(environmentOn));
    return texts.every((text) => text === environmentFor(context, text)) ? 'unchanged' : undefined;
  },
  async run(context, {signal, log}) {
    for (const node of await nodesOf(context)) {
      const input = environmentFor(context, await environmentOn(node));
      await node.run(['sh', ['-ec', `mkdir -p /etc/kni && cat >${runtimeEnvironment.path}`]], {
        input,
        signal,
      });
      await node.run(['systemctl', ['restart', 'kni.service']], {signal, onLine: log});
    }
  },
};

const nodesOf = async (context: DemoContext): Promise<readonly Host[]> => {
  const cluster = await currentCluster(context);
  return cluster.nodes.map(({name}) => cluster.node(name));
};

/** `present` is the file on the node, which has the backend of an earlier choice. */
const environmentFor = ({cluster, stack}: DemoContext, present: string): string => {
  const backend = cluster.backend ?? /--backend=(\S+)/.exec(present)?.[1];
  return runtimeEnvironmentFor({podSubnet: stack.cluster.podSubnet, backend});
};

const environmentOn = async (node: Host): Promise<string> => {
  const {stdout} = await node.run(['sh', ['-ec', `cat ${runtimeEnvironment.path} 2>/dev/null || true`]]);
  return stdout === '' ? '' : `${stdout.trim()}\n`;
};

export const nodeNetworks = {definitions, flags} as const satisfies Record<string, DemoTask>;
