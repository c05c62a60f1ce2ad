import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {canonicalJson} from '../../src/graph/canonical-json.ts';
import {fingerprintsOf} from '../../src/graph/fingerprint.ts';
import {acyclicTasks, closureOf} from './random-tasks.ts';
import {planOf, type TestTask, task} from './tasks.ts';

const fingerprints = (...tasks: readonly TestTask[]) => fingerprintsOf(planOf(tasks), undefined);
const withInputs = (each: TestTask, inputs: unknown): TestTask => ({...each, inputs: () => inputs});

describe('canonicalJson', () => {
  it.each([
    [{b: 1, a: [true, null, 'x']}, '{"a":[true,null,"x"],"b":1}'],
    [{a: undefined, b: {}}, '{"b":{}}'],
    [[], '[]'],
    ['\u2028"', '"\u2028\\""'],
    [-0, '0'],
  ])('%j', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it.each([undefined, Number.NaN, 1n, () => 1, new Date(), new Map(), [undefined], Symbol('x')])(
    'refuses what JSON would lose: %s',
    (value) => {
      expect(() => canonicalJson({value: [value]})).toThrow(/^not JSON: /);
    },
  );

  it('means the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
      }),
    );
  });
});

describe('fingerprintsOf', () => {
  it('gives 64 hexadecimal digits, the same each time', async () => {
    const [once, again] = [await fingerprints(task('a')), await fingerprints(task('a'))];
    expect(once('a')).toMatch(/^[0-9a-f]{64}$/);
    expect(again('a')).toBe(once('a'));
  });

  it('depends on the id, not on the title', async () => {
    const made = await fingerprints(task('a'), task('b'));
    expect(made('a')).not.toBe(made('b'));
    expect((await fingerprints({...task('a'), title: 'Other'}))('a')).toBe(made('a'));
  });

  it('depends on the inputs, also on those that come late', async () => {
    const none = await fingerprints(task('a'));
    const some = await fingerprints(withInputs(task('a'), {version: '1.2.3'}));
    const late = await fingerprints({...task('a'), inputs: async () => ({version: '1.2.3'})});
    expect(some('a')).not.toBe(none('a'));
    expect(late('a')).toBe(some('a'));
  });

  it('is unknown for a task that is not in the plan', async () => {
    const made = await fingerprints(task('a'));
    expect(() => made('b')).toThrow(new RangeError('no task is called b'));
  });

  it('gives the context to inputs', async () => {
    const plan = planOf([{...task('a'), inputs: (context: unknown) => context}]);
    expect((await fingerprintsOf(plan, undefined))('a')).toBe((await fingerprints(task('a')))('a'));
  });

  it('does not depend on the order in which needs are listed', async () => {
    const one = await fingerprints(task('a'), task('b'), task('c', ['a', 'b']));
    const other = await fingerprints(task('b'), task('a'), task('c', ['b', 'a']));
    expect(other('c')).toBe(one('c'));
  });

  it('changes with the inputs of a task for the tasks that need it, and for no others', async () => {
    await fc.assert(
      fc.asyncProperty(acyclicTasks, fc.nat(), async (tasks, number) => {
        const changed = tasks[number % tasks.length];
        fc.pre(changed !== undefined);
        const before = await fingerprints(...tasks);
        const after = await fingerprints(
          ...tasks.map((each) => (each === changed ? withInputs(each, 'new') : each)),
        );
        for (const {id} of tasks) {
          const changes = before(id) !== after(id);
          expect(changes).toBe(closureOf(tasks, id).has(changed.id));
        }
      }),
    );
  });

  it('names the task whose inputs are unknown, and keeps the reason', async () => {
    const broken = {...task('a'), inputs: () => Promise.reject(new Error('no such file'))};
    await expect(fingerprints(broken)).rejects.toMatchObject({
      name: 'InputsError',
      task: 'a',
      cause: new Error('no such file'),
    });
    await expect(fingerprints(withInputs(task('b'), new Set()))).rejects.toMatchObject({task: 'b'});
  });
});
