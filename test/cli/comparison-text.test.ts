import {expect, it} from 'vitest';
import {comparisonText} from '../../src/cli/comparison-text.ts';

const summary = (median: number) => ({n: 10, median, p95: median + 1_000});
const times = (median: number) => ({
  sandboxToContainer: summary(median),
  pluginToContainer: summary(median),
  createToReady: summary(median),
});

const comparison = {
  node: 'test1-worker',
  cni: {
    programs: ['loopback', 'bridge', 'host-local', 'portmap'],
    files: [
      '/run/kni-demo/ipam/kni-compare/10.244.1.3',
      '/var/lib/cni/results/one',
      '/var/lib/cni/results/two',
    ],
    times: times(12_000),
  },
  kni: {programs: ['bridge'], files: ['/var/lib/kubelet/kni/addresses/1'], times: times(9_000)},
};

it('ends with the times if nothing pauses: they stay on a terminal of 24 rows', () => {
  const last = comparisonText(comparison, false).at(-1) ?? [];
  expect(last.join('\n')).toMatch(/^ +CNI IN CONTAINERD[^]*created to Ready/);
  expect(last.length).toBeLessThanOrEqual(20);
});

it('shows both sides and the ratio of their medians in 80 columns', () => {
  const parts = comparisonText(comparison, true);
  for (const part of parts) expect(part.length).toBeLessThanOrEqual(20);
  const lines = parts.flat();
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  const text = lines.join('\n');
  expect(text).toMatch(/sandbox to container +12000 ms \(13000\) +9000 ms \(10000\) +0\.75/);
  expect(text).toMatch(/plugins of one pod +loopback +bridge\n +bridge\n +host-local\n/);
  expect(text).toContain('  CNI: /run/kni-demo/ipam/kni-compare, /var/lib/cni/results\n');
});
