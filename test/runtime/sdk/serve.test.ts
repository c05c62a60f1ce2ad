import {readdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {type Handlers, serve} from '../../../runtime/src/sdk/serve.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('serve', () => {
  it('refuses handlers that lack a call before it creates a socket', async () => {
    await using dir = await tempDir();
    const done = async (): Promise<never> => {
      throw new Error('not called');
    };
    const handlers = {
      createNetwork: done,
      deleteNetwork: done,
      attachInterface: done,
      queryPodNetwork: done,
      setupNodeNetwork: done,
    } as Partial<Handlers> as Handlers;
    await expect(serve(handlers, {settings: {socket: dir.join('run/kni.sock')}})).rejects.toThrow(
      'serve needs handlers for all calls: detachInterface, queryNodeNetworks missing',
    );
    expect(await readdir(dir.path)).toEqual([]);
  });
});
