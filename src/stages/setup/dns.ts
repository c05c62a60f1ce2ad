/**
 * Runs our DNS server behind the Service kube-dns. kubeadm always creates this Service and a Deployment of CoreDNS, for which
 * stacks with this task have no image.
 */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
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
    const own = items.find(({metadata}) => metadata.name === 'kni-dns')?.metadata;
    if (items.length > 1 || own === undefined) return undefined;
    return own.annotations?.[buildAnnotation] === tagOf(fingerprintOf(dnsServer.id))
      ? 'up to date'
      : undefined;
  },
  async run(context, running) {
    const {signal, log} = running;
    const {controlPlane} = await currentCluster(context);
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
  },
};
