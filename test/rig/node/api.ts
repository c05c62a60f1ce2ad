/** An API server that a test node reaches on its own loopback, and the kubelet's credentials for it. */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {type ApiServer, kubeconfigFor, startApiServer} from '../runtime/api-server.ts';
import {until} from '../wait.ts';
import type {TestNode} from './node.ts';
import {paths} from './runtime.ts';

const port = 6443;
// Forwards bytes from the node's loopback to a socket of the test, since the node has a separate network.
const relay = `
  const net = require('node:net');
  net.createServer((near) => {
    const far = net.connect(process.argv[1]);
    near.pipe(far).pipe(near);
    for (const [one, other] of [[near, far], [far, near]]) one.on('error', () => {}).on('close', () => other.destroy());
  }).listen(${port}, '127.0.0.1', () => console.log('listening'));
`;

export interface NodeApi extends AsyncDisposable {
  readonly server: ApiServer;
  readonly socket: string;
  /** Puts the kubelet's credentials on the node, in the order in which they appear. */
  readonly writeCredentials: (commonName?: string) => Promise<void>;
}

/** It does not listen yet: `server.listen(socket)`. */
export const startNodeApi = async (node: TestNode): Promise<NodeApi> => {
  const server = startApiServer();
  const socket = join(await mkdtemp(join(tmpdir(), 'kni-api-')), 'api.sock');
  const relaying = node.start([process.execPath, '-e', relay, socket]);
  let ready = false;
  relaying.stdout?.on('data', () => {
    ready = true;
  });
  await until('the relay listens', () => ready);
  const certificate = '/run/kubelet-client-current.pem';
  return {
    server,
    socket,
    writeCredentials: async (commonName = 'system:node:node-a') => {
      const {cert, key} = server.authority.issue(commonName);
      await writeFile(node.path(certificate), cert + key);
      const kubeconfig = kubeconfigFor(`https://127.0.0.1:${port}`, server.authority.cert, certificate);
      await writeFile(node.path(paths.kubeconfig), kubeconfig);
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await rm(dirname(socket), {recursive: true});
    },
  };
};
