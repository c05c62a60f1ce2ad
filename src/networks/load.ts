/** Finds the network that the user chose: one of manifests/networks, a file or a URL. Everything is checked before any change. */

import {createHash} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {z} from 'zod';
import {artifactPath, publish} from '../cache/artifact.ts';
import type {Dirs} from '../cache/dirs.ts';
import {exists} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {stackNames} from '../stacks/load.ts';
import {parseYaml} from '../stacks/parse.ts';
import type {Stack} from '../stacks/schema.ts';
import {messageOf} from '../thrown.ts';
import {parseUserConflist} from './conflist.ts';
import {type Definition, definition} from './definition.ts';
import {hasDaemonSet, manifestText, parseManifest, pinImages, settingIn} from './manifest.ts';
import {type Network, ownNetwork} from './network.ts';

export type NetworkChoice = Network | typeof ownNetwork;

export interface LoadOptions {
  /** With the networks of kni-demo. */
  readonly dir: string;
  /** Of the stack. */
  readonly podSubnet: string;
  /** Pinned manifests are kept in the cache, so that a repeated `up` needs no network. */
  readonly dirs: Dirs;
  readonly signal: AbortSignal;
}

/**
 * `choice` is a name in `dir`, a URL, or the path of a CNI configuration, a manifest or a definition like those in `dir`. Throws
 * UserError for a network that does not exist, is invalid or does not fit the stack.
 */
export const loadNetwork = async (choice: string, options: LoadOptions): Promise<NetworkChoice> => {
  if (choice === ownNetwork) return ownNetwork;
  if (isUrl(choice)) return fromManifest(choice, await download(choice, options.signal));
  if (!/[/.]/.test(choice)) return fromDefinition(await pathOf(choice, options.dir), options);
  if (!(await exists(choice))) throw unknown(choice, 'the file does not exist');
  const text = await readFile(choice, 'utf8').catch((error: unknown) => {
    throw unknown(choice, messageOf(error));
  });
  if (/\.(conflist|conf|json)$/.test(choice)) return fromConflist(choice, text);
  if (!/\.ya?ml$/.test(choice))
    throw unknown(
      choice,
      'its name must end with .conflist, .conf or .json for a CNI configuration, or .yaml for a manifest',
    );
  return isDefinition(text) ? fromDefinition(choice, options) : fromManifest(choice, text);
};

const isUrl = (text: string): boolean => /^https?:\/\//.test(text);

const unknown = (choice: string, why: string): UserError =>
  new UserError({
    what: `unknown network ${choice}`,
    why,
    tryThis: 'choose kni, flannel, or a file or URL that docs/networks.md describes, with --cni',
    code: 'KNI-E223',
  });

const invalid = (choice: string, error: unknown): UserError =>
  new UserError(
    {
      what: `invalid network ${choice}`,
      why: reasonOf(error),
      tryThis: 'correct it; docs/networks.md says what a network needs',
      code: 'KNI-E223',
    },
    {cause: error},
  );

const reasonOf = (error: unknown): string => {
  if (!(error instanceof z.ZodError)) return messageOf(error);
  return error.issues.map(({path, message}) => `${path.join('.') || 'it'}: ${message}`).join('\n');
};

const pathOf = async (name: string, dir: string): Promise<string> => {
  const known = await stackNames(dir);
  if (known.includes(name)) return resolve(dir, `${name}.yaml`);
  throw unknown(name, `the known networks are ${[ownNetwork, ...known].join(', ')}`);
};

/** A definition has none of the fields that every Kubernetes object has. */
const isDefinition = (text: string): boolean => /^manifest:/m.test(text) && !/^apiVersion:/m.test(text);

const fromConflist = (path: string, text: string): Network => {
  try {
    const {cniName, leftovers} = parseUserConflist(text);
    return {name: basename(path), cniName, conflist: text, neededFiles: [], leftovers, isKnown: true};
  } catch (error) {
    throw invalid(path, error);
  }
};

/** The name of its network is known only when its DaemonSet has written the configuration. */
const fromManifest = (choice: string, text: string): Network => {
  const name = basename(choice).replace(/\.ya?ml$/, '');
  try {
    const objects = parseManifest(text);
    if (!hasDaemonSet(objects))
      throw new Error('it has no DaemonSet, which could install a CNI on every node');
    return {
      name,
      cniName: name.replaceAll(/[^\w.-]/g, '-'),
      manifest: manifestText(objects),
      neededFiles: [],
      leftovers: {links: [], paths: [], state: [], chains: []},
      isKnown: false,
    };
  } catch (error) {
    throw invalid(choice, error);
  }
};

const fromDefinition = async (path: string, {podSubnet, dirs, signal}: LoadOptions): Promise<Network> => {
  const result = parseYaml<Definition>(await readFile(path, 'utf8'), path, definition);
  if (!result.ok)
    throw new UserError({
      what: `invalid network ${path}`,
      why: result.problems.join('\n'),
      tryThis: `correct ${path}`,
      code: 'KNI-E223',
    });
  const found = result.value;
  const text = await manifestOf(found, path, {dirs, signal});
  try {
    const objects = parseManifest(text);
    refuseOtherSubnet(found, objects, podSubnet);
    const {name, cniName, neededFiles, leftovers, images} = found;
    return {
      name,
      cniName,
      manifest: manifestText(pinImages(objects, images)),
      neededFiles,
      leftovers,
      isKnown: true,
    };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw invalid(found.name, error);
  }
};

/** Pods would get addresses for which no node has a route. */
const refuseOtherSubnet = (
  {name, podSubnet: place}: Definition,
  objects: ReturnType<typeof parseManifest>,
  podSubnet: Stack['cluster']['podSubnet'],
): void => {
  if (place === undefined) return;
  const found = settingIn(objects, place);
  if (found === podSubnet) return;
  throw new UserError({
    what: `network ${name} does not fit the stack`,
    why: `its ${place.field} in ConfigMap ${place.configMap} is ${found === undefined ? 'missing' : JSON.stringify(found)}, and the pod subnet of the stack is ${podSubnet}`,
    tryThis: 'make them equal: with a manifest of your own, or with a stack file of your own (--stack FILE)',
    code: 'KNI-E224',
  });
};

const manifestOf = async (
  {manifest}: Definition,
  path: string,
  {dirs, signal}: Pick<LoadOptions, 'dirs' | 'signal'>,
): Promise<string> => {
  if ('file' in manifest) {
    const file = resolve(dirname(path), manifest.file);
    if (await exists(file)) return readFile(file, 'utf8');
    throw unknown(path, `its manifest ${file} does not exist`);
  }
  const {url, sha256} = manifest;
  const artifact = artifactPath(dirs, 'network-manifest', sha256);
  await publish(artifact, async (directory) => {
    const text = await download(url, signal);
    const sum = createHash('sha256').update(text).digest('hex');
    if (sum === sha256) return writeFile(join(directory, manifestFile), text);
    throw new UserError({
      what: `the download of ${url} differs from what ${basename(path)} pins`,
      why: `its sha256 is ${sum}`,
      tryThis: 'download it again, or correct the checksum if the change is intended',
      code: 'KNI-E111',
    });
  });
  return readFile(join(artifact, manifestFile), 'utf8');
};

const manifestFile = 'manifest.yaml';

/** Milliseconds for a manifest, which has some kilobytes. */
const downloadTimeout = 30_000;

const download = async (url: string, signal: AbortSignal): Promise<string> => {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(downloadTimeout)]),
    });
    if (response.ok) return await response.text();
    throw new Error(`HTTP ${response.status}`);
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
    throw new UserError(
      {
        what: `cannot download ${url}`,
        why: `${messageOf(error)}${cause}`,
        tryThis: 'check the network, or download it elsewhere and pass the file: --cni FILE',
        code: 'KNI-E107',
      },
      {cause: error},
    );
  }
};
