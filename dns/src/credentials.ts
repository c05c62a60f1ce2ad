/** Finds the API server, and its credentials, as Kubernetes gives them to each pod. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Cluster} from '../../runtime/src/node/kubeconfig.ts';

/** `directory` is where the secret of the ServiceAccount is mounted. Throws if an address or a file is missing. */
export const readCredentials = async (directory: string): Promise<Cluster> => {
  const {KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443'} = process.env;
  if (!host) throw new Error('KUBERNETES_SERVICE_HOST is not set: this program runs in a pod');
  const [ca, token] = await Promise.all(
    ['ca.crt', 'token'].map((name) => readFile(join(directory, name), 'utf8')),
  );
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca,
    token: token?.trim(),
    cert: undefined,
    key: undefined,
  };
};
