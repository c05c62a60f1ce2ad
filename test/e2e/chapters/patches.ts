/** The tests of the patches themselves. */
import {describe, expect, it} from 'vitest';
import {goTests} from '../go-tests.ts';

export const patches = (): void => {
  describe('the patches', () => {
    it('pass their own Go tests in the trees that the cluster was built from', async () => {
      const printed = await goTests();
      for (const name of [
        'k8s.io/kubernetes/pkg/kubelet/kni',
        'github.com/containerd/containerd/pkg/cri/server',
      ]) {
        expect(printed).toMatch(new RegExp(`^ok\\s+${name}\\s`, 'm'));
      }
    });
  });
};
