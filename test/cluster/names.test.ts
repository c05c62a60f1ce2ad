import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {clusterName, imageReference, podName, workerCount} from '../../src/cluster/names.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';

const accepts = (check: (text: string) => unknown, text: string): boolean => {
  try {
    check(text);
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.exitCode).toBe(exitCodes.badInput);
    expect(`${error.what} ${error.why} ${error.tryThis}`).not.toMatch(/[\p{Cc}]/u);
    return false;
  }
};

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/).filter((text) => text.length <= 49);

/** Anything, often nearly right. */
const anything = fc.oneof(
  fc.string(),
  fc.string({unit: 'binary'}),
  fc.string({unit: fc.constantFrom('a', 'z', '0', '-', '.', '/', 'A', ' ', '\n', '\0', ':', '@', '_')}),
);

describe('clusterName', () => {
  it('takes every label that fits into a host name with -control-plane', () => {
    fc.assert(
      fc.property(label, (name) => {
        expect(clusterName(name)).toBe(name);
        expect(`${name}-control-plane`.length).toBeLessThanOrEqual(63);
      }),
    );
  });

  it.each([
    '',
    '-',
    '-a',
    'a-',
    'A',
    'a.b',
    'a_b',
    'a b',
    'a\n',
    '../a',
    '--yes',
    'a/b',
    'ä',
    'a'.repeat(50),
  ])('refuses %j', (name) => {
    expect(accepts(clusterName, name)).toBe(false);
  });

  it('refuses names that could be an option, a path or two words', () => {
    fc.assert(
      fc.property(anything, (name) => {
        expect(!accepts(clusterName, name) || /^[a-z0-9][a-z0-9-]*$(?!\n)/.test(name)).toBe(true);
      }),
    );
  });

  it('quotes the refused name', () => {
    expect(() => clusterName('a\u001b[2Jb')).toThrow(
      'invalid cluster name: "a\\u001b[2Jb": it must be at most 49',
    );
  });
});

describe('podName', () => {
  it('accepts labels with dots between them', () => {
    fc.assert(
      fc.property(fc.array(label, {minLength: 1, maxLength: 4}), (labels) => {
        expect(podName(labels.join('.'))).toBe(labels.join('.'));
      }),
    );
  });

  it.each(['', '.', 'a.', '.a', 'a..b', 'a-.b', 'A', 'a b', 'a/b', '-n', 'a'.repeat(254), 'a\n'])(
    'refuses %j',
    (name) => {
      expect(accepts(podName, name)).toBe(false);
    },
  );

  it('refuses names that could be an option or a path', () => {
    fc.assert(
      fc.property(anything, (name) => {
        expect(!accepts(podName, name) || /^[a-z0-9][a-z0-9.-]*$(?!\n)/.test(name)).toBe(true);
      }),
    );
  });
});

describe('imageReference', () => {
  it.each(['kni-demo/sample:1', 'localhost:5000/a/b', 'busybox', 'a@sha256:0123'])('takes %j', (name) => {
    expect(imageReference(name)).toBe(name);
  });

  it.each(['', '-v', '/a', 'a b', 'a\nb', 'a:$(id)', 'a'.repeat(256)])('refuses %j', (name) => {
    expect(accepts(imageReference, name)).toBe(false);
  });
});

describe('workerCount', () => {
  it('accepts 1 to 9, and refuses other text', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.integer().map(String), fc.double().map(String)), (text) => {
        expect(accepts(workerCount, text)).toBe(/^[1-9]$/.test(text) && !text.endsWith('\n'));
      }),
    );
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map((count) => workerCount(`${count}`))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it.each(['0', '10', '-1', '+1', '1.0', '1e0', '0x1', ' 1', '1 ', '', 'one', '١'])('refuses %j', (text) => {
    expect(accepts(workerCount, text)).toBe(false);
  });
});
