/** setup, of the network runtimes: how their nodes reach each other's pods, and which further networks pods can ask for. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Host} from '../host/host.ts';
import {project} from '../project.ts';
import {applyManifest, kubectl} from '../tools/kubectl.ts';
import type {DemoContext, DemoTask} from './context.ts';
import {currentCluster, setup} from './setup.ts';

const manifest = join(project.manifests, 'cluster', 'network-runtime.yaml');

/** The rest of the file comes with these two. */
const definitions: DemoTask = {
  id: 'setup/network-definitions',
  title: 'Let pods ask for further networks',
  needs: [setup.cluster.id],
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
    await controlPlane.run(applyManifest, {input: await readFile(manifest, 'utf8'), signal, onLine: log});
  },
};

/** Read by kni.service. */
const environmentFile = '/etc/kni/runtime.env';

/** Without a choice, what the nodes have stays. */
const backend: DemoTask = {
  id: 'setup/backend',
  title: 'Choose how nodes reach the pods of others',
  needs: [setup.cluster.id],
  inputs: ({cluster}) => ({backend: cluster.backend ?? null}),
  async done(context) {
    const wanted = context.cluster.backend;
    if (wanted === undefined) return 'as it is';
    const present = await Promise.all((await nodesOf(context)).map((node) => environmentOn(node)));
    return present.every((text) => text === environmentFor(wanted)) ? wanted : undefined;
  },
  async run(context, {signal, log}) {
    const wanted = context.cluster.backend;
    if (wanted === undefined) return;
    for (const node of await nodesOf(context)) {
      const input = environmentFor(wanted);
      await node.run(['sh', ['-ec', `cat >${environmentFile}`]], {input, signal});
      await node.run(['systemctl', ['restart', 'kni.service']], {signal, onLine: log});
    }
  },
};

const nodesOf = async (context: DemoContext): Promise<readonly Host[]> => {
  const cluster = await currentCluster(context);
  return cluster.nodes.map(({name}) => cluster.node(name));
};

const environmentFor = (wanted: string): string => `KNI_RUNTIME_FLAGS=--backend=${wanted}\n`;

const environmentOn = async (node: Host): Promise<string> => {
  const {stdout} = await node.run(['sh', ['-ec', `cat ${environmentFile} 2>/dev/null || true`]]);
  return stdout === '' ? '' : `${stdout.trim()}\n`;
};

export const nodeNetworks = {definitions, backend} as const satisfies Record<string, DemoTask>;
