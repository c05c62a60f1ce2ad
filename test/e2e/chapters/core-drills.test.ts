/** The drills that CI runs. Stops the worker's runtime for a while. */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {drillTraces, runDrills} from '../../rig/cluster/drills.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';

useCluster();

describe('the drills readiness, failed-add and hostport', () => {
  it('pass, and leave nothing', async () => {
    const before = await drillTraces();
    const {exitCode, verdicts} = await runDrills('readiness', 'failed-add', 'hostport');
    const passed = {passed: true, failed: [], left: []};
    expect(verdicts).toMatchObject(
      ['readiness', 'failed-add', 'hostport'].map((drill) => ({drill, ...passed})),
    );
    expect(exitCode).toBe(exitCodes.ok);
    expect(await drillTraces()).toEqual(before);
  });
});
