/** Reads the address and credentials of the API server from a kubeconfig, normally the kubelet's. */
import {readFile} from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import {errorCodeOf} from '../lib/error-code.ts';
import {arrayOf, type JsonObject, objectOf, stringOf} from '../lib/json.ts';

export interface Cluster {
  readonly server: string;
  readonly ca: string | undefined;
  /** Certificate and key, or a token. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
}

export class KubeconfigMissing extends Error {
  override readonly name = 'KubeconfigMissing';
}

export class KubeconfigInvalid extends Error {
  override readonly name = 'KubeconfigInvalid';
}

/** Read again for every connection, because kubeadm replaces the file and the kubelet rotates its certificate. */
export const readKubeconfig = async (path: string): Promise<Cluster> => {
  const config = objectOf(await parseYaml(await readText(path), path));
  const context = named(config, 'contexts', 'context', stringOf(config['current-context']));
  const cluster = named(config, 'clusters', 'cluster', stringOf(context['cluster']));
  const user = named(config, 'users', 'user', stringOf(context['user']));
  const server = stringOf(cluster['server']);
  if (!server) throw new KubeconfigInvalid(`${path} has no server`);

  const data = (object: JsonObject, key: string) => dataOf(object, key, dirname(path));
  return {
    server,
    ca: await data(cluster, 'certificate-authority'),
    cert: await data(user, 'client-certificate'),
    key: await data(user, 'client-key'),
    token: stringOf(user['token']),
  };
};

const parseYaml = async (text: string, path: string): Promise<unknown> => {
  // Loaded on demand, because it is slow to load and attaching pods does not need it.
  const {parse} = await import('yaml');
  try {
    return parse(text);
  } catch (error) {
    throw new KubeconfigInvalid(`${path} is not valid YAML`, {cause: error});
  }
};

const named = (config: JsonObject, list: string, kind: string, name: string | undefined): JsonObject => {
  const entry = arrayOf(config[list])
    .map(objectOf)
    .find((each) => each['name'] === name);
  return objectOf(entry?.[kind]);
};

/** Inline as `<key>-data`, or in the file that `<key>` names. */
const dataOf = async (object: JsonObject, key: string, dir: string): Promise<string | undefined> => {
  const inline = stringOf(object[`${key}-data`]);
  if (inline) return Buffer.from(inline, 'base64').toString('utf8');
  const file = stringOf(object[key]);
  return file ? await readText(resolve(dir, file)) : undefined;
};

/** Reports a missing file as KubeconfigMissing: the files appear one by one while the node joins the cluster. */
const readText = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') throw new KubeconfigMissing(`${path} does not exist yet`);
    throw new KubeconfigInvalid(`${path} is not readable`, {cause: error});
  }
};
