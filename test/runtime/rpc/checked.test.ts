import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {InvalidRequest} from '../../../runtime/src/network/errors.ts';
import {netnsPath, optional, required} from '../../../runtime/src/rpc/checked.ts';

describe('names from requests', () => {
  it.each([
    ['namespace', 'kube-system'],
    ['name', 'coredns-5d78c9869d-x7k2p'],
    ['name', 'kube-proxy.with.dots'],
    ['name', 'a'.repeat(253)],
    ['uid', '0d3b9c0a-7c1c-4b0e-9d55-0c4ed6f3a111'],
    ['uid', '5f3c8a1e9b7d4c2fa6e0d1b2c3d4e5f6'], // a static pod's: the hash of its configuration
    ['attempt', '0'],
    ['id', 'a'.repeat(64)],
  ] as const)('are taken as %s: %s', (field, value) => {
    expect(required(field, value)).toBe(value);
  });

  it('may be absent if they are optional only', () => {
    expect(optional('uid', undefined)).toBe('');
    expect(optional('uid', '')).toBe('');
    expect(() => required('uid', '')).toThrow('uid is missing');
  });

  it('never hold what would end a CNI argument or leave a directory', () => {
    const fields = fc.constantFrom('namespace', 'name', 'uid', 'attempt', 'id' as const);
    fc.assert(
      fc.property(
        fields,
        fc.string({unit: 'binary'}),
        fc.constantFrom(';', '=', '/', '\0', '\n', ' ', '..', 'ß'),
        fc.string(),
        (field, head, bad, tail) => {
          const value = head + bad + tail;
          if (bad === '..' && !/[^a-zA-Z0-9_.-]/.test(value)) return;
          expect(() => optional(field, value)).toThrow(InvalidRequest);
        },
      ),
    );
  });

  it('are not repeated in the error: they may be anything', () => {
    expect(() => required('name', 'secret;')).toThrow(/^invalid name$/);
  });
});

describe('the path of a netns', () => {
  it('is absolute and plain', () => {
    expect(netnsPath('/run/netns/kni-uid-1')).toBe('/run/netns/kni-uid-1');
    expect(netnsPath('')).toBe('');
    expect(netnsPath(undefined)).toBe('');
  });

  it.each([
    'kni',
    './kni',
    '/run/netns/../kni',
    '/run/netns/..',
    '/run/netns/',
    '/run//netns',
    '/',
    '/run/netns/a\0b',
    `/${'a'.repeat(5000)}`,
  ])('is not %j', (path) => {
    expect(() => netnsPath(path)).toThrow(InvalidRequest);
  });
});
