import {describe, expect, it} from 'vitest';
import {clusterOf, nodesOf} from '../../src/cluster/cluster.ts';
import {proveKni} from '../../src/cluster/prove-kni.ts';
import {UserError} from '../../src/errors.ts';
import type {Host} from '../../src/host/host.ts';
import {rejection} from '../rig/demo.ts';
import {clusterWith, pod} from '../rig/proved-cluster.ts';

const prove = async (host: Host, cluster = 'test1', options = {}) =>
  proveKni(clusterOf(host, await nodesOf(host, cluster)), 'samplepod', new AbortController().signal, options);

describe('proveKni', () => {
  it('returns the evidence when all sources agree', async () => {
    expect((await prove(clusterWith())).checks).toHaveLength(5);
  });

  it('names the failed check and the address that was found', async () => {
    expect(await rejection(prove(clusterWith({address: '10.0.0.9'})), UserError)).toMatchObject({
      what: 'cannot prove that KNI gave pod samplepod its network',
      why: "check failed: the pod's eth0 has the same address (found: 10.0.0.9)",
    });
  });

  it('suggests commands for the cluster of the pod', async () => {
    const host = clusterWith({address: '10.0.0.9', cluster: 'lab'});
    const error = await rejection(prove(host, 'lab'), UserError);
    expect(error.tryThis).toBe('see what the runtime did: kni-demo logs --pod samplepod --name lab');
    const missing = await rejection(prove(clusterWith({found: '', cluster: 'lab'}), 'lab'), UserError);
    expect(missing.tryThis).toBe('kni-demo logs --pod samplepod --name lab');
  });

  it('suggests to look at the DNS server if only the name did not resolve', async () => {
    const byName = {byName: true};
    const failed = await rejection(prove(clusterWith({version: ''}), 'test1', byName), UserError);
    expect(failed).toMatchObject({
      why: 'check failed: the pod reaches the Service kubernetes.default by its name (found: another answer)',
      tryThis:
        'see if the DNS server runs: kni-demo kubectl -n kube-system describe pods -l app.kubernetes.io/name=kni-dns',
    });
    const both = clusterWith({version: '', address: '10.0.0.9'});
    expect((await rejection(prove(both, 'test1', byName), UserError)).tryThis).toMatch(/kni-demo logs/);
  });

  it.each([
    [pod('False'), 'phase Pending'],
    ['', 'the pod does not exist'],
  ])('refuses a pod that is missing or not Ready: %#', async (found, why) => {
    expect(await rejection(prove(clusterWith({found})), UserError)).toMatchObject({
      what: 'pod samplepod is not Ready',
      why,
    });
  });
});
