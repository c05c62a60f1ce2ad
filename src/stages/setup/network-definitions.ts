/** Lets pods request additional networks: the NetworkAttachmentDefinition resource, and the right to read it. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {project} from '../../project.ts';
import {applyManifest, kubectl} from '../../tools/kubectl.ts';
import type {DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {retry} from '../lib/retry.ts';
import {cluster} from './cluster.ts';

const manifest = join(project.manifests, 'cluster', 'network-runtime.yaml');

/** The first and the last object of the manifest. */
const names = [
  'crd/network-attachment-definitions.k8s.cni.cncf.io',
  'clusterrolebinding/kni:network-runtime',
] as const;

export const networkDefinitions: DemoTask = {
  id: 'setup/network-definitions',
  title: 'Install NetworkAttachmentDefinitions',
  needs: [cluster.id],
  live: true,
  async done(context) {
    const {controlPlane} = await currentCluster(context);
    const {stdout} = await controlPlane.run(kubectl('get', ...names, '--ignore-not-found', '-o', 'name'));
    return stdout.split('\n').filter(Boolean).length === names.length ? 'installed' : undefined;
  },
  async run(context, {signal, log}) {
    const {controlPlane} = await currentCluster(context);
    const input = await readFile(manifest, 'utf8');
    await retry(() => controlPlane.run(applyManifest, {input, signal, onLine: log}), signal, {log});
  },
};
