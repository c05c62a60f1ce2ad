/** Every drill twice, and drills that are interrupted. Stops services of the worker for a while. */

import {join} from 'node:path';
import {stripVTControlCharacters} from 'node:util';
import {describe, expect, it} from 'vitest';
import {readChanges} from '../../../src/changes/record.ts';
import {drillNames} from '../../../src/drills/names.ts';
import {exitCodes} from '../../../src/exit-codes.ts';
import {quoteCommand} from '../../../src/host/quote.ts';
import {project} from '../../../src/project.ts';
import {cluster, dirs, host, named, shell, value, worker} from '../../rig/cluster/cluster.ts';
import {drillTraces, runDrills} from '../../rig/cluster/drills.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo, start} from '../../rig/cluster/kni-demo.ts';
import {nodeReadiness} from '../../rig/cluster/nodes.ts';
import {sample} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

useCluster();

const bin = join(project.root, 'bin/kni-demo.js');

const sampleIdentity = () =>
  value('.metadata.uid}{.status.podIP}{.status.containerStatuses[0].containerID', 'pod', sample);

describe('all drills', () => {
  it.each(['first', 'second'])('pass and leave nothing: the %s time', async () => {
    const [before, pod] = [await drillTraces(), await sampleIdentity()];
    const {exitCode, verdicts} = await runDrills('--all');
    const passed = {passed: true, failed: [], left: []};
    expect(verdicts).toMatchObject(drillNames.map((drill) => ({drill, ...passed})));
    expect(exitCode).toBe(exitCodes.ok);
    expect(await drillTraces()).toEqual(before);
    expect(await sampleIdentity()).toBe(pod);
  });
});

describe('a drill that is interrupted while the runtime is stopped', () => {
  const stopped = async (): Promise<unknown> =>
    until('the drill to stop the runtime', async () =>
      (await shell(worker, 'systemctl is-active kni || true')).startsWith('inactive'),
    );

  it('restores everything after Ctrl-C', async () => {
    const before = await drillTraces();
    const drill = start('drill', 'readiness', ...named);
    await stopped();
    drill.interrupt();
    const {exitCode, stdout} = await drill.ended;
    expect(exitCode).toBe(exitCodes.cancelled);
    expect(stdout).toContain(`undone: kni stopped on ${worker}`);
    // It would start the runtime while a later command has stopped it.
    expect(await shell(worker, 'systemctl list-units --all --plain --no-legend "kni-demo-*"')).toBe('');
    await nodeReadiness(worker, 'True');
    expect(await drillTraces()).toEqual(before);
    expect(await readChanges(dirs, cluster)).toBeUndefined();
  });

  it('is restored by --restore after kill -9', async () => {
    const before = await drillTraces();
    const drill = start('drill', 'readiness', ...named);
    await stopped();
    drill.kill();
    await drill.ended;
    expect(await readChanges(dirs, cluster)).toMatchObject({command: 'kni-demo drill readiness'});
    expect((await kniDemo('drill', '--restore', ...named)).exitCode).toBe(exitCodes.ok);
    await nodeReadiness(worker, 'True');
    expect(await drillTraces()).toEqual(before);
    expect(await readChanges(dirs, cluster)).toBeUndefined();
  });

  it('is restored by the next drill after kill -9', async () => {
    const before = await drillTraces();
    const drill = start('drill', 'readiness', ...named);
    await stopped();
    drill.kill();
    await drill.ended;
    const next = await kniDemo('drill', 'attack', ...named);
    expect(next.exitCode).toBe(exitCodes.ok);
    const lines = stripVTControlCharacters(next.stdout).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await drillTraces()).toEqual(before);
  });
});

describe('the tour', () => {
  it('fits into 80 columns, and each step into 24 rows', async () => {
    const before = await drillTraces();
    const line = `stty cols 80 rows 24; ${quoteCommand([process.execPath, [bin, 'tour', '--auto', ...named]])}`;
    // It takes longer than the usual timeout.
    const {stdout} = await host.run(['script', ['-qec', line, '/dev/null']], {timeout: 900_000});
    const screens = stdout
      .split('\u001b[2J\u001b[H')
      .map((each) => stripVTControlCharacters(each).split(/\r?\n/));
    expect(screens.length).toBeGreaterThan(12);
    // A note that it waits for another kni-demo comes before the first screen.
    for (const lines of screens.slice(1)) {
      // Without --auto, an empty row and the question for a key follow.
      expect(lines.slice(0, -1).length).toBeLessThanOrEqual(22);
      expect(Math.max(...lines.map((each) => each.length))).toBeLessThanOrEqual(80);
    }
    expect(stdout.match(/PASS/g)).toHaveLength(4);
    expect(await drillTraces()).toEqual(before);
  });
});
