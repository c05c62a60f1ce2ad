import {describe, expect, it} from 'vitest';
import {isInterfaceName} from '../../../runtime/src/cni/interface-name.ts';

describe('the name of an interface', () => {
  it.each(['eth0', 'net1', 'lo', 'a', '...', 'veth-1234567_.x', 'e\u00e4'])('may be %j', (name) => {
    expect(isInterfaceName(name)).toBe(true);
  });

  it.each([
    '',
    '.',
    '..',
    'a/b',
    'eth0:1',
    'a b',
    'a\tb',
    'a\u00a0b',
    'a\0',
    'sixteen-bytes-it',
    'é'.repeat(8),
  ])('may not be %j', (name) => {
    expect(isInterfaceName(name)).toBe(false);
  });
});
