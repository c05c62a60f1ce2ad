import {describe, expect, it} from 'vitest';
import type {Command} from '../../src/host/host.ts';
import {joinRuns} from '../../src/host/join-runs.ts';
import {nodeHost} from '../../src/host/node-host.ts';
import {localHost} from '../../src/host/process.ts';
import {fakeHost} from '../rig/fake-host.ts';

const unique: Command = ['sh', ['-c', 'echo $$']];

describe('joinRuns', () => {
  it('runs equal commands of one turn once', async () => {
    const host = localHost();
    const [one, two, other] = await Promise.all([
      joinRuns(host).run(unique),
      joinRuns(host).run(unique),
      joinRuns(host).run(unique, {env: {OTHER: '1'}}),
    ]);
    expect(two).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('starts a new process for each later question, even while the first one runs', async () => {
    const slow: Command = ['sh', ['-c', 'sleep 0.2; echo $$']];
    const host = joinRuns(localHost());
    const first = host.run(slow);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await host.run(slow)).not.toEqual(await first);
  });

  it('joins commands on a node', async () => {
    using host = fakeHost(`
      $ docker exec one hostname
      one
      $ docker exec two hostname
      two
    `);
    const reads = ['one', 'one', 'two'].map((name) => nodeHost(joinRuns(host), name).run(['hostname', []]));
    expect((await Promise.all(reads)).map(({stdout}) => stdout)).toEqual(['one', 'one', 'two']);
  });

  it('gives every caller the failure', async () => {
    using host = fakeHost('$ docker version\n[not found]');
    const calls = [1, 2].map(() => joinRuns(host).run(['docker', ['version']]));
    expect((await Promise.allSettled(calls)).map(({status}) => status)).toEqual(['rejected', 'rejected']);
  });

  it('does not join commands that have input or report lines', async () => {
    const host = joinRuns(localHost());
    const read = () => host.run(['sh', ['-c', 'cat; echo $$']], {input: 'a'});
    const [one, two] = await Promise.all([read(), read()]);
    expect(two).not.toEqual(one);
  });
});
