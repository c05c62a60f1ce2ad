/**
 * The patches apply, and their Go tests pass. Uses the sources and the builder image of the cluster, not the cluster.
 * KNI_E2E_RACE=1 adds the race detector, which takes about ten minutes more.
 */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {useImages} from '../../rig/cluster/fixture.ts';
import {goTests, goTestsForCriV1} from '../../rig/cluster/go-tests.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';

useImages();

describe('the patches', () => {
  it('apply to the sources of the cluster, as patch check reports', async () => {
    const {exitCode, stdout} = await kniDemo('patch', 'check');
    expect(stdout).toMatch(/^all \d+ hunks of \d+ patches apply as `kni-demo up` applies them$/m);
    expect(exitCode).toBe(exitCodes.ok);
  });

  it('pass their Go tests in the sources of the cluster', async () => {
    const printed = await goTests();
    for (const name of [
      'k8s.io/kubernetes/pkg/kubelet/kni',
      'github.com/containerd/containerd/pkg/cri/server',
    ]) {
      expect(printed).toMatch(new RegExp(`^ok\\s+${name}\\s`, 'm'));
    }
  });

  it('pass the tests of the KNI package with a current kubelet', async () => {
    expect(await goTestsForCriV1('forky')).toMatch(/^ok\s+k8s\.io\/kubernetes\/pkg\/kubelet\/kni\s/m);
  });
});
