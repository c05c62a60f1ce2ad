/** The conformance suite against the network runtime of kni-demo and the template. The slow groups run with KNI_SOAK. */
import {copyFile} from 'node:fs/promises';
import {beforeAll, describe, expect, inject, it} from 'vitest';
import {groups} from '../../src/conformance/groups.ts';
import type {Group} from '../../src/conformance/requirement.ts';
import {runSuite, type Target} from '../../src/conformance/run.ts';
import {defaultRuntime} from '../../src/runtimes/default-runtime.ts';
import {hostWithTools} from '../rig/conformance/suite.ts';
import {bundleTemplate} from '../rig/sdk.ts';
import {tempDir} from '../rig/temp-dir.ts';

const isSoak = process.env['KNI_SOAK'] !== undefined;
const tested = groups.filter(({isSlow}) => isSoak || !isSlow).map((group) => [group.name, group] as const);
const timeout = 1_800_000;

type Prepare = (Target & {kind: 'program'})['prepare'];

const resultsOf = ({requirements, isSlow = false}: Group, prepare: Prepare) =>
  runSuite(
    {kind: 'program', host: hostWithTools(inject('tools').env), prepare},
    requirements.map((each) => ({...each, isSlow})),
    {signal: new AbortController().signal, onResult: () => undefined},
  );

describe('the network runtime of kni-demo', () => {
  it.each(tested)(
    'passes all requirements of the group %s',
    async (_, group) => {
      const results = await resultsOf(group, defaultRuntime({CNI_PATH: inject('tools').pluginDir}));
      expect(results.map(({id, outcome}) => ({id, ...outcome}))).toEqual(
        group.requirements.map(({id}) => ({id, kind: 'passed'})),
      );
    },
    timeout,
  );
});

describe('the template of runtime new', () => {
  let bundle = '';
  beforeAll(async () => {
    const dir = await tempDir();
    bundle = await bundleTemplate(dir.join('project'));
    return () => dir[Symbol.asyncDispose]();
  });

  it.each(tested)(
    'passes each MUST of the group %s',
    async (_, group) => {
      const results = await resultsOf(group, async ({path}) => {
        await copyFile(bundle, path('/run/runtime.mjs'));
        return [process.execPath, ['/run/runtime.mjs']];
      });
      const must = new Set(group.requirements.filter(({level}) => level === 'MUST').map(({id}) => id));
      const failed = results.filter(({id, outcome}) => must.has(id) && outcome.kind !== 'passed');
      expect(failed).toEqual([]);
    },
    timeout,
  );
});
