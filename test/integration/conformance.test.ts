/** The conformance suite against the network runtime of kni-demo. The slow groups run with KNI_SOAK. */
import {describe, expect, inject, it} from 'vitest';
import {groups} from '../../src/conformance/groups.ts';
import {runSuite} from '../../src/conformance/run.ts';
import {defaultRuntime} from '../../src/runtimes/default-runtime.ts';
import {hostWithTools} from '../rig/conformance/suite.ts';

const isSoak = process.env['KNI_SOAK'] !== undefined;

describe('the network runtime of kni-demo', () => {
  it.each(groups.filter(({isSlow}) => isSoak || !isSlow).map((group) => [group.name, group] as const))(
    'passes all requirements of the group %s',
    async (_, {requirements, isSlow = false}) => {
      const {env, pluginDir} = inject('tools');
      const results = await runSuite(
        {kind: 'program', host: hostWithTools(env), prepare: defaultRuntime({CNI_PATH: pluginDir})},
        requirements.map((each) => ({...each, isSlow})),
        {signal: new AbortController().signal, onResult: () => undefined},
      );
      expect(results.map(({id, outcome}) => ({id, ...outcome}))).toEqual(
        requirements.map(({id}) => ({id, kind: 'passed'})),
      );
    },
    1_800_000,
  );
});
