import {writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {readKubeconfig} from '../../../runtime/src/node/kubeconfig.ts';
import {kubeconfigFor} from '../../rig/runtime/api-server.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const inline = (text: string) => Buffer.from(text).toString('base64');

describe('a kubeconfig', () => {
  it('of a kubelet: authority inline, certificate in a file', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('client.pem'), 'certificate and key');
    await writeFile(
      dir.join('kubelet.conf'),
      kubeconfigFor('https://api:6443', 'authority', dir.join('client.pem')),
    );
    expect(await readKubeconfig(dir.join('kubelet.conf'))).toEqual({
      server: 'https://api:6443',
      ca: 'authority',
      cert: 'certificate and key',
      key: 'certificate and key',
      token: undefined,
    });
  });

  it('may have all inline, or files beside it, and several contexts', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('ca.crt'), 'authority');
    const config = {
      'current-context': 'mine',
      contexts: [
        {name: 'theirs', context: {cluster: 'no', user: 'no'}},
        {name: 'mine', context: {cluster: 'here', user: 'me'}},
      ],
      clusters: [{name: 'here', cluster: {server: 'https://here', 'certificate-authority': 'ca.crt'}}],
      users: [
        {
          name: 'me',
          user: {
            'client-certificate-data': inline('cert'),
            'client-key-data': inline('key'),
            token: 'secret',
          },
        },
      ],
    };
    await writeFile(dir.join('config'), JSON.stringify(config));
    expect(await readKubeconfig(dir.join('config'))).toEqual({
      server: 'https://here',
      ca: 'authority',
      cert: 'cert',
      key: 'key',
      token: 'secret',
    });
  });

  it('that is not there, or whose files are not there yet, is missing', async () => {
    await using dir = await tempDir();
    await expect(readKubeconfig(dir.join('kubelet.conf'))).rejects.toMatchObject({
      name: 'KubeconfigMissing',
      message: `${dir.join('kubelet.conf')} does not exist yet`,
    });
    await writeFile(dir.join('kubelet.conf'), kubeconfigFor('https://api', 'ca', dir.join('client.pem')));
    await expect(readKubeconfig(dir.join('kubelet.conf'))).rejects.toMatchObject({name: 'KubeconfigMissing'});
  });

  it.each(['', '{', 'text', 'clusters: 7', 'current-context: x'])('that says %j is invalid', async (text) => {
    await using dir = await tempDir();
    await writeFile(dir.join('config'), text);
    await expect(readKubeconfig(dir.join('config'))).rejects.toMatchObject({name: 'KubeconfigInvalid'});
  });
});
