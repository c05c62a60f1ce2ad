/** Pods with more than one network, and the commands that show them. */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {apply, kubectl, named, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {eventsOf, podIp, podReady, podSubnet, removePods, samplePod} from '../../rig/cluster/pods.ts';
import {tracesLike, tracesOn} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

const annotation = 'k8s.v1.cni.cncf.io/networks';
const pod = 'many-networks';
const requestedIp = '10.197.0.77';

const definition = {
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: {name: 'storage'},
  spec: {
    config: JSON.stringify({
      cniVersion: '1.0.0',
      name: 'storage',
      plugins: [
        {
          type: 'bridge',
          bridge: 'storage0',
          capabilities: {ips: true},
          ipam: {type: 'host-local', dataDir: '/var/lib/kni/ipam', ranges: [[{subnet: '10.197.0.0/24'}]]},
        },
      ],
    }),
  },
};

useCluster();

describe('a pod that asks for further networks', () => {
  it('gets them as net1 and net2 with the address it asks for, while its pod IP is that of eth0', async () => {
    const before = await tracesOn(worker);
    await apply(definition);
    const selections = [{name: 'storage', ips: [`${requestedIp}/24`]}, {name: 'storage'}];
    await apply(samplePod(pod, {annotations: {[annotation]: JSON.stringify(selections)}}));
    await podReady(pod);
    expect(await podIp(pod)).toMatch(podSubnet);
    const inetOf = (name: string) => kubectl('exec', pod, '--', 'ip', '-4', 'addr', 'show', name);
    expect(await inetOf('eth0')).toContain(`inet ${await podIp(pod)}/`);
    expect(await inetOf('net1')).toContain(`inet ${requestedIp}/24`);
    expect(await inetOf('net2')).toContain('inet 10.197.0.');

    const {exitCode, stdout} = await kniDemo('pod', 'inspect', pod, ...named);
    expect(exitCode).toBe(exitCodes.ok);
    for (const shown of [worker, 'net1', `${requestedIp}/24`, 'storage', 'AttachInterface ok'])
      expect(stdout).toContain(shown);

    await removePods(pod);
    await kubectl('delete', 'network-attachment-definition', 'storage');
    await tracesLike(worker, before);
  });

  it('gets an event that names the missing network, and starts once that network exists', async () => {
    const before = await tracesOn(worker);
    await apply(samplePod(pod, {annotations: {[annotation]: 'storage'}}));
    await until('an event that names the network', async () =>
      (await eventsOf(pod)).includes('network storage is neither a NetworkAttachmentDefinition'),
    );
    await apply(definition);
    await podReady(pod);
    expect(await kubectl('exec', pod, '--', 'ip', '-4', 'addr', 'show', 'net1')).toContain('inet 10.197.0.');
    await removePods(pod);
    await kubectl('delete', 'network-attachment-definition', 'storage');
    await tracesLike(worker, before);
  });
});

describe('kni-demo networks', () => {
  it('lists the networks of all nodes with their addresses', async () => {
    const {exitCode, stdout} = await kniDemo('networks', ...named);
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).toMatch(new RegExp(`${worker}\\s+kni\\s.*ready.*of 253`));
  });
});
