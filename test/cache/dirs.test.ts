import {describe, expect, it} from 'vitest';
import {dirsOf, logPathOf} from '../../src/cache/dirs.ts';

describe('dirsOf', () => {
  it('follows the XDG variables', () => {
    expect(dirsOf({XDG_CACHE_HOME: '/c', XDG_STATE_HOME: '/s'}, '/home/me')).toEqual({
      cache: '/c/kni-demo',
      state: '/s/kni-demo',
      logs: '/s/kni-demo/logs',
    });
  });

  it.each([
    {},
    {XDG_CACHE_HOME: '', XDG_STATE_HOME: ''},
    {XDG_CACHE_HOME: 'relative', XDG_STATE_HOME: './here'},
  ])('takes the usual places for %j', (env) => {
    expect(dirsOf(env, '/home/me')).toEqual({
      cache: '/home/me/.cache/kni-demo',
      state: '/home/me/.local/state/kni-demo',
      logs: '/home/me/.local/state/kni-demo/logs',
    });
  });

  it('gives every task its own log', () => {
    expect(logPathOf(dirsOf({}, '/home/me'), 'build/kubelet')).toBe(
      '/home/me/.local/state/kni-demo/logs/build/kubelet.log',
    );
  });
});
