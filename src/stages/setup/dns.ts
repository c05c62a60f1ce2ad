/**
 * Runs our DNS server behind the Service kube-dns. kubeadm always creates this Service and a Deployment of CoreDNS, for which
 * stacks with this task have no image.
 */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import {type Cluster, flagOf} from '../../cluster/cluster.ts';
import {dnsHint} from '../../cluster/prove-kni.ts';
import {UserError} from '../../errors.ts';
import type {TaskRun} from '../../graph/task.ts';
import {CommandError} from '../../host/command-error.ts';
import {readJson} from '../../json.ts';
import {applyManifest, getJson, kubectl} from '../../tools/kubectl.ts';
import {buildAnnotation, dnsManifestFile, dnsServer} from '../build/dns.ts';
import type {DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {artifactOf, tagOf} from '../lib/products.ts';
import {retry} from '../lib/retry.ts';
import {nodesReady} from './nodes-ready.ts';

const found = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        annotations: z.record(z.string(), z.string()).optional(),
      }),
      status: z
        .object({conditions: z.array(z.object({type: z.string(), status: z.string()})).optional()})
        .optional(),
    }),
  ),
});

/** Pods without privileges cannot listen on port 53, to which kubeadm's Service sends queries. */
const ports = [
  {name: 'dns', protocol: 'UDP', port: 53, targetPort: 'dns'},
  {name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 'dns-tcp'},
];
const inSystem = ['-n', 'kube-system'] as const;

export const dns: DemoTask = {
  id: 'setup/dns',
  title: 'Run the DNS server',
  // Earlier, the scheduler would put both replicas on the node that is Ready first.
  needs: [nodesReady.id, dnsServer.id],
  live: true,
  async done(context, {fingerprintOf}) {
    const {controlPlane} = await currentCluster(context);
    const {stdout} = await controlPlane.run(
      getJson(...inSystem, 'deployments', 'coredns', 'kni-dns', '--ignore-not-found'),
    );
    if (stdout.trim() === '') return undefined;
    const {items} = readJson(found, stdout, 'the Deployments of DNS servers');
    const own = items.find(({metadata}) => metadata.name === 'kni-dns');
    if (items.length > 1 || own === undefined) return undefined;
    const isAvailable = own.status?.conditions?.some(
      ({type, status}) => type === 'Available' && status === 'True',
    );
    const build = own.metadata.annotations?.[buildAnnotation];
    return isAvailable && build === tagOf(fingerprintOf(dnsServer.id)) ? 'up to date' : undefined;
  },
  async run(context, running) {
    const {signal, log} = running;
    const cluster = await currentCluster(context);
    const {controlPlane} = cluster;
    const input = await readFile(join(artifactOf(dnsServer.id, context, running), dnsManifestFile), 'utf8');
    const patch = JSON.stringify([{op: 'replace', path: '/spec/ports', value: ports}]);
    const options = {signal, onLine: log};
    await retry(
      async () => {
        await controlPlane.run(
          kubectl(...inSystem, 'patch', 'service', 'kube-dns', '--type=json', '--patch', patch),
          options,
        );
        // Its pods would wait for an image forever. It is deleted last: until then `done` finds that work is left.
        await controlPlane.run(applyManifest, {...options, input});
        await controlPlane.run(
          kubectl(...inSystem, 'delete', 'deployment', 'coredns', '--ignore-not-found', '--wait=false'),
          options,
        );
      },
      signal,
      {log},
    );
    await waitForRollout(cluster, running);
  },
};

/** On a busy machine, starting two pods took a minute. */
const rolloutSeconds = 180;

/** The proof would else be that of the previous build. */
const waitForRollout = async (cluster: Cluster, {signal, log}: TaskRun): Promise<void> => {
  const wait = kubectl(
    ...inSystem,
    'rollout',
    'status',
    'deployment/kni-dns',
    `--timeout=${rolloutSeconds}s`,
  );
  await cluster.controlPlane.run(wait, {signal, onLine: log}).catch((error: unknown) => {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    throw new UserError(
      {
        what: 'the DNS server did not become ready',
        why: `kubectl rollout status: ${error.lastLine}`,
        tryThis: dnsHint(flagOf(cluster)),
        code: 'KNI-E102',
      },
      {cause: error},
    );
  });
};
