import {readdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {createLog} from '../../../runtime/src/log.ts';
import {connectKni} from '../../../runtime/src/sdk/client.ts';
import {type Handlers, serve} from '../../../runtime/src/sdk/serve.ts';
import {type TempDir, tempDir} from '../../rig/temp-dir.ts';

describe('serve', () => {
  it('refuses handlers that lack a call before it creates a socket', async () => {
    await using dir = await tempDir();
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

  it.each(['10.244.1.2/24', '999.1.2.3', 'fe80::1%eth0', ''])('refuses the address %j', async (address) => {
    await using dir = await tempDir();
    const answer = async () => ({ipconfigs: {eth0: {ip: ['10.244.1.2', address]}}});
    using kni = await serveIn(dir, {attachInterface: answer, queryPodNetwork: answer});
    const refused = {
      code: 13,
      details: `invalid address ${JSON.stringify(address)} of eth0: answer an IP address without prefix length or zone`,
    };
    await expect(kni.attachInterface({id: 'sandbox'})).rejects.toMatchObject(refused);
    await expect(kni.queryPodNetwork({id: 'sandbox'})).rejects.toMatchObject(refused);
  });

  it.each([42, '', 'kni-1', undefined])('refuses the answer %j for a netns', async (netnsPath) => {
    await using dir = await tempDir();
    using kni = await serveIn(dir, {createNetwork: async () => ({netnsPath}) as never});
    await expect(kni.createNetwork({name: 'web', namespace: 'default'})).rejects.toMatchObject({
      code: 13,
      details: `invalid netnsPath ${JSON.stringify(netnsPath)}: answer an absolute path`,
    });
  });
});

const done = async (): Promise<never> => {
  throw new Error('not called');
};

const serveIn = async (dir: TempDir, handlers: Partial<Handlers>) => {
  const socket = dir.join('run/kni.sock');
  await serve(
    {
      createNetwork: done,
      deleteNetwork: done,
      attachInterface: done,
      detachInterface: done,
      queryPodNetwork: done,
      setupNodeNetwork: done,
      queryNodeNetworks: done,
      ...handlers,
    },
    {settings: {socket}, log: createLog({write: () => undefined})},
  );
  const kni = connectKni(socket);
  return {...kni, [Symbol.dispose]: () => kni.close()};
};
