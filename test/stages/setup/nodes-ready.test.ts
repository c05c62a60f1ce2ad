import {describe, expect, it} from 'vitest';
import {nodesReady} from '../../../src/stages/setup/nodes-ready.ts';
import {getJson} from '../../../src/tools/kubectl.ts';
import {exchange} from '../../rig/demo.ts';
import {cluster, demoWith, ps, running} from '../../rig/demo-cluster.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('the nodes', () => {
  const get = ['docker', ['exec', 'test1-control-plane', ...getJson('nodes').flat()]] as const;
  const startRuntime = (name: string) =>
    ['docker', ['exec', name, 'systemctl', '--no-block', 'start', 'kni']] as const;
  const items = (...ready: readonly string[]): string =>
    JSON.stringify({
      items: ready.map((status, index) => ({
        metadata: {name: `node${index}`},
        status: {conditions: [{type: 'Ready', status, message: 'KNI: no answer'}]},
      })),
    });

  it.each([
    ['all are Ready', items('True', 'True'), '2 nodes Ready'],
    ['one is not', items('True', 'False'), undefined],
    ['one has not come yet', items('True'), undefined],
    ['none has come yet', items(), undefined],
  ])('are Ready where %s', async (_, nodes, answer) => {
    await using dir = await tempDir();
    const {context} = await demoWith(dir, ps(...cluster) + exchange(get, nodes));
    expect(await nodesReady.done?.(context, running)).toBe(answer);
  });

  it('are waited for, with their network runtimes started, and each reason is logged once', async () => {
    await using dir = await tempDir();
    const answers = [items('True'), items('True', 'False'), items('True', 'False'), items('True', 'True')];
    const {context} = await demoWith(
      dir,
      ps(...cluster) +
        cluster.map(({name}) => exchange(startRuntime(name))).join('') +
        answers.map((each) => exchange(get, each)).join(''),
    );
    const said: string[] = [];
    await nodesReady.run(context, {...running, log: (line) => void said.push(line)});
    expect(said).toEqual(['1 of 2 nodes', 'node1: KNI: no answer', '2 of 2 nodes']);
  });
});
