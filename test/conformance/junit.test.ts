import {expect, it} from 'vitest';
import {allRequirements} from '../../src/conformance/groups.ts';
import {junitOf} from '../../src/conformance/junit.ts';
import type {Outcome} from '../../src/conformance/result.ts';

const requirement = allRequirements.find(({id}) => id === 'KNI-W01');

const caseOf = (outcome: Outcome) => {
  if (!requirement) throw new Error('no KNI-W01');
  return {requirement, result: {id: requirement.id, outcome, took: 1234}};
};

it('counts, and escapes what XML does not allow', () => {
  const failure = {expected: 'a < b', observed: '"x" & \u0000\u001b[1m\ud800', exchanges: []};
  const xml = junitOf([
    {
      name: 'wire',
      cases: [
        caseOf({kind: 'passed'}),
        caseOf({kind: 'skipped', reason: 'no IPv6'}),
        caseOf({kind: 'failed', failure}),
      ],
    },
  ]);
  expect(xml).toContain('<testsuite name="wire" tests="3" failures="1" skipped="1" time="3.702">');
  expect(xml).toContain('<skipped message="no IPv6"/>');
  expect(xml).toContain('<failure type="MUST" message="&quot;x&quot; &amp; \ufffd\ufffd[1m\ufffd">');
  expect(xml).toContain('expected  a &lt; b&#10;observed  &quot;x&quot;');
  // oxlint-disable-next-line no-control-regex
  expect(xml).not.toMatch(/[\0-\x08\x0b\x0c\x0e-\x1f]/);
});
