/** The tests of the patches themselves. */
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {goTests, goTestsForCriV1} from '../go-tests.ts';
import {kniDemo} from '../rig.ts';

export const patches = (): void => {
  describe('the patches', () => {
    it('apply to the sources that the cluster was built from, as patch check tells', async () => {
      const {exitCode, stdout} = await kniDemo('patch', 'check');
      expect(stdout).toMatch(/^all \d+ hunks of \d+ patches apply as `kni-demo up` applies them$/m);
      expect(exitCode).toBe(exitCodes.ok);
    });

    it('pass their own Go tests in the trees that the cluster was built from', async () => {
      const printed = await goTests();
      for (const name of [
        'k8s.io/kubernetes/pkg/kubelet/kni',
        'github.com/containerd/containerd/pkg/cri/server',
      ]) {
        expect(printed).toMatch(new RegExp(`^ok\\s+${name}\\s`, 'm'));
      }
    });

    it('pass the tests of the KNI package for a current kubelet, too', async () => {
      expect(await goTestsForCriV1('forky')).toMatch(/^ok\s+k8s\.io\/kubernetes\/pkg\/kubelet\/kni\s/m);
    });
  });
};
