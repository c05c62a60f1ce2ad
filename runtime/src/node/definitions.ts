/** Keeps the cluster's NetworkAttachmentDefinitions: further networks that a pod can select. */
import {readFile} from 'node:fs/promises';
import {writeDurably} from '../lib/durable-file.ts';
import {arrayOf, objectOf, stringOf} from '../lib/json.ts';
import {errorText, type Log} from '../log.ts';
import {ApiRefused} from './api-client.ts';
import type {Resource} from './watch-resource.ts';

export interface Definition {
  readonly namespace: string;
  readonly name: string;
  /** `spec.config`, not validated. Empty if the configuration directory of the node holds the configuration. */
  readonly config: string;
}

export interface Definitions {
  readonly find: (namespace: string, name: string) => Definition | undefined;
  readonly replace: (definitions: readonly Definition[]) => Promise<void>;
}

export const definitionsResource: Resource<Definition> = {
  path: '/apis/k8s.cni.cncf.io/v1/network-attachment-definitions',
  itemOf: (object) => {
    const {metadata, spec} = objectOf(object);
    const {namespace, name} = objectOf(metadata);
    return definitionFrom(namespace, name, objectOf(spec)['config']);
  },
};

/** A cluster may lack the resource, or the permission to list it. */
export const isAbsentResource = (error: unknown): boolean =>
  error instanceof ApiRefused && (error.statusCode === 403 || error.statusCode === 404);

/** Loads the definitions from the cache file `path`, which serves a start while the API server is down. */
export const openDefinitions = async (path: string, log: Log): Promise<Definitions> => {
  let known = byName(await readCache(path));
  let saved = '';
  let saving: Promise<void> | undefined;

  // While one text is written, newer ones supersede each other: only the latest is written next.
  const save = async () => {
    for (let text = textFor(known); text !== saved; text = textFor(known)) {
      await writeDurably(path, text);
      saved = text;
    }
  };
  return {
    find: (namespace, name) => known.get(keyOf({namespace, name})),
    replace: async (definitions) => {
      known = byName(definitions);
      saving ??= save()
        .catch((error: unknown) => {
          log.warn('cannot save the NetworkAttachmentDefinitions', {error: errorText(error)});
        })
        .finally(() => {
          saving = undefined;
        });
      await saving;
    },
  };
};

const definitionFrom = (namespace: unknown, name: unknown, config: unknown): Definition => ({
  namespace: stringOf(namespace) ?? '',
  name: stringOf(name) ?? '',
  config: stringOf(config) ?? '',
});

const readCache = async (path: string): Promise<Definition[]> => {
  try {
    const read = arrayOf(JSON.parse(await readFile(path, 'utf8'))).map(objectOf);
    return read.map(({namespace, name, config}) => definitionFrom(namespace, name, config));
  } catch {
    return []; // missing or invalid: the file is only a cache
  }
};

const byName = (definitions: readonly Definition[]): ReadonlyMap<string, Definition> =>
  new Map(definitions.map((each) => [keyOf(each), each]));

/** Unambiguous, because neither name may contain a slash. */
const keyOf = ({namespace, name}: Pick<Definition, 'namespace' | 'name'>): string => `${namespace}/${name}`;

const textFor = (known: ReadonlyMap<string, Definition>): string =>
  `${JSON.stringify([...known.values()])}\n`;
