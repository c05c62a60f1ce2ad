/** Each check of the conformance suite can fail: the model runtime passes all, and with the fault for a requirement it fails this one. */
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, inject, it} from 'vitest';
import {allRequirements, groups} from '../../src/conformance/groups.ts';
import {faults} from '../rig/conformance/faults.ts';
import {bundleModel, checkModel, hostWithTools} from '../rig/conformance/suite.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

let dir: TempDir;
let file: string;
beforeAll(async () => {
  dir = await tempDir();
  file = join(dir.path, 'model-runtime.mjs');
  await bundleModel(file);
});
afterAll(() => dir[Symbol.asyncDispose]());

it('there is a fault for every requirement', () => {
  expect(Object.keys(faults).sort()).toEqual(allRequirements.map(({id}) => id).sort());
});

describe.concurrent.each(groups.map((group) => [group.name, group] as const))(
  'the group %s',
  (_, {requirements}) => {
    const ids = requirements.map(({id}) => id);

    it('is passed by the model runtime', {timeout: 1_800_000}, async () => {
      const outcomes = await checkModel(ids, {fault: '', file, host: hostWithTools(inject('tools').env)});
      expect(outcomes).toEqual(Object.fromEntries(ids.map((id) => [id, {kind: 'passed'}])));
    });

    it.each(requirements.map(({id, title}) => [id, title]))(
      '%s fails if the runtime does not do this: %s',
      // On a busy machine a fault can come too late to be seen.
      {timeout: 1_800_000, retry: 2},
      async (id) => {
        const outcomes = await checkModel([id], {fault: id, file, host: hostWithTools(inject('tools').env)});
        expect(outcomes[id]?.kind).toBe('failed');
      },
    );
  },
);
