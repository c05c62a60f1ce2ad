import {expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {type Changes, withChanges} from '../../src/changes/changes.ts';
import {compareNetworks} from '../../src/compare/compare.ts';
import {measurePods} from '../../src/compare/measure.ts';
import {UserError} from '../../src/errors.ts';
import {hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, node, printed, rejection} from '../rig/demo.ts';

const {signal} = new AbortController();

const withCluster = async (
  answer: (line: string) => string,
  work: (changes: Changes) => Promise<unknown>,
): Promise<readonly string[]> => {
  await using dir = await dirWithCluster();
  const nodes = printed(node('test1-control-plane'), node('test1-worker')).join('\n');
  const host = hostOf((line) => (line.startsWith('docker ps') ? nodes : answer(line)));
  const options = {cluster: 'test1', command: 'kni-demo compare', signal, say: () => undefined};
  await withChanges({host, dirs: dirsOf(envOf(dir))}, options, work);
  return host.ran;
};

it('refuses a node that does not become Ready, before it changes anything', async () => {
  const condition = {type: 'Ready', status: 'False', message: 'KNI network runtime is not reachable'};
  const nodes = JSON.stringify({
    items: [{kind: 'Node', metadata: {name: 'test1-worker'}, status: {conditions: [condition]}}],
  });
  const ran = await withCluster(
    (line) => (line.includes(' get nodes') ? nodes : ''),
    async (changes) => {
      const compared = compareNetworks(changes, {
        node: 'test1-worker',
        pods: 2,
        settleTime: 0,
        signal,
        say: () => undefined,
      });
      expect(await rejection(compared, UserError)).toMatchObject({
        errorCode: 'KNI-E103',
        what: 'the cluster is not ready for a comparison',
        why: 'node test1-worker is not Ready: KNI network runtime is not reachable',
      });
    },
  );
  expect(ran.filter((line) => !/^docker ps| get nodes/.test(line))).toEqual([]);
});

it('says why a measured pod does not become Ready', async () => {
  await withCluster(
    (line) => {
      if (line.includes('get events')) return 'Failed to create pod sandbox: no address is free';
      return line.includes('kubectl wait') || line.includes('wait --for')
        ? '2> timed out\n[exit code 1]'
        : '';
    },
    async (changes) => {
      const options = {side: 'kni', node: 'test1-worker', pods: 1, round: 'kni-1', signal} as const;
      expect(await rejection(measurePods(changes, options), UserError)).toMatchObject({
        errorCode: 'KNI-E102',
        what: 'pod kni-demo-compare-kni-1-0 does not become Ready on test1-worker',
        why: 'Failed to create pod sandbox: no address is free',
        tryThis: 'check the node: kni-demo status',
      });
    },
  );
});
