/** kubeadm always creates a Deployment of CoreDNS. Without an image for it, its pods would stay pending forever. */

import {z} from 'zod';
import {readJson} from '../../json.ts';
import {getJson, kubectl} from '../../tools/kubectl.ts';
import type {DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {retry} from '../lib/retry.ts';
import {cluster} from './cluster.ts';

const deployment = z.object({spec: z.object({replicas: z.number().optional()})});

export const scaleDownDns: DemoTask = {
  id: 'setup/dns',
  title: 'Scale down CoreDNS (no image in this stack)',
  needs: [cluster.id],
  live: true,
  async done(context) {
    const {controlPlane} = await currentCluster(context);
    const {stdout} = await controlPlane.run(
      getJson('-n', 'kube-system', 'deployment', 'coredns', '--ignore-not-found'),
    );
    if (stdout.trim() === '') return 'no deployment';
    const {spec} = readJson(deployment, stdout, 'the deployment of CoreDNS');
    return spec.replicas === 0 ? 'no replicas' : undefined;
  },
  async run(context, {signal, log}) {
    const {controlPlane} = await currentCluster(context);
    const scale = kubectl('-n', 'kube-system', 'scale', 'deployment', 'coredns', '--replicas=0');
    await retry(() => controlPlane.run(scale, {signal, onLine: log}), signal, {log});
  },
};
