/** A CNI like Multus comes to a cluster with flannel's plugin, and goes again. Ends with the network of kni-demo. */

import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {nodeHost} from '../../../src/host/node-host.ts';
import {apply, controlPlane, host, kubectl, named, shell, value, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {type Flannel, flannelOn} from '../../rig/cluster/flannel.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {leaseRenewed} from '../../rig/cluster/nodes.ts';
import {podReady, removePods, samplePod} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

const network = 'multus-net';
const configuration = '/etc/cni/net.d/00-multus.conf';
const annotations = {'k8s.v1.cni.cncf.io/networks': network};
const [early, selecting] = ['before-multus', 'with-multus'];

useCluster();

let flannel: Flannel;

beforeAll(async () => {
  flannel = await flannelOn();
  await up('--cni', flannel.definition);
  await apply({
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: {name: network, namespace: 'default'},
    spec: {
      config: JSON.stringify({
        cniVersion: '0.3.1',
        type: 'bridge',
        bridge: 'multus0',
        ipam: {type: 'host-local', subnet: '10.199.0.0/24'},
      }),
    },
  });
}, 900_000);
afterAll(async () => {
  await kubectl('delete', 'daemonset', '-n', 'kube-system', 'multus-like', '--ignore-not-found');
  for (const node of [worker, controlPlane])
    await shell(
      node,
      `rm -rf ${configuration} /opt/cni/bin/multus /var/lib/cni/multus /var/lib/cni/networks/${network}
       if [ -e /sys/class/net/multus0 ]; then ip link delete multus0; fi`,
    );
  await up('--cni', 'kni');
  await flannel[Symbol.asyncDispose]();
}, 300_000);

const up = async (...flags: readonly string[]): Promise<void> => {
  const {exitCode, stderr} = await kniDemo('up', '--quiet', '--yes', ...flags, ...named);
  expect(`${exitCode} ${stderr}`).toBe(`${exitCodes.ok} `);
};

const linksIn = (pod: string): Promise<string> => kubectl('exec', pod, '--', 'ip', '-o', 'addr');
const sandboxOf = async (pod: string): Promise<string> =>
  (await shell(worker, `kni-runtime inspect default/${pod}`).then(
    (text) => JSON.parse(text).network.sandbox,
  )) as string;

describe('a CNI like Multus', () => {
  it('attaches the networks that a pod selects, once', async () => {
    await apply(samplePod(early, {annotations}));
    await podReady(early);
    await nodeHost(host, controlPlane).run(
      ['kubectl', ['--kubeconfig=/etc/kubernetes/admin.conf', 'apply', '-f', '-']],
      {input: flannel.multus, timeout: 60_000},
    );
    await until('the configuration of Multus', async () =>
      (await shell(worker, `ls ${configuration} 2>/dev/null || true`)).includes('multus'),
    );
    await apply(samplePod(selecting, {annotations}));
    await podReady(selecting);
    expect(await linksIn(selecting)).toMatch(/net1 +inet 10\.199\.0\.\d+\/24/);
    expect(await value('.status.podIP', 'pod', selecting)).toMatch(/^10\.244\./);
  });

  it('has its addresses counted, and its interfaces shown by pod inspect', async () => {
    const networks = JSON.parse(await shell(worker, 'kni-runtime networks')).networks;
    expect(networks).toMatchObject([
      {name: 'multus-cni-network', ready: true, extradata: {addresses_capacity: '253'}},
    ]);
    const {exitCode, stdout} = await kniDemo('pod', 'inspect', selecting, ...named);
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).toContain('attached by Multus');
    expect(stdout).not.toContain('!');
  });

  it('keeps the pods when the kubelet and the runtime restart', async () => {
    const before = [await sandboxOf(early), await sandboxOf(selecting)];
    await shell(worker, 'systemctl restart kni kubelet');
    await leaseRenewed(worker);
    await podReady(early);
    await podReady(selecting);
    expect([await sandboxOf(early), await sandboxOf(selecting)]).toEqual(before);
  });

  it('leaves nothing of deleted pods', async () => {
    await removePods(early, selecting);
    await until('the leases of the network to be released', async () => {
      const leases = `find /var/lib/cni/networks/${network} /var/lib/kni/ipam -name '10.199.*'`;
      return (await shell(worker, `${leases} 2>/dev/null || true`)) === '';
    });
    expect(await shell(worker, 'ls /var/lib/cni/multus 2>/dev/null || true')).toMatch(/^[0-9a-f\n]*$/);
    expect(await shell(worker, 'ip -o link show master multus0 2>/dev/null || true')).toBe('');
  });
});
