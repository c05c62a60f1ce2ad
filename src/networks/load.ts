/** Finds the network that the user chose: one of manifests/networks, a file or a URL. Everything is checked before any change. */

import {createHash} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {z} from 'zod';
import {artifactExists, artifactPath, publish} from '../cache/artifact.ts';
import type {Dirs} from '../cache/dirs.ts';
import {seconds} from '../duration.ts';
import {UserError} from '../errors.ts';
import {stackNames} from '../stacks/load.ts';
import {parseYaml} from '../stacks/parse.ts';
import {fieldPrefix, problemsOf} from '../stacks/problems.ts';
import type {Stack} from '../stacks/schema.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {parseUserConflist} from './conflist.ts';
import {type Definition, definition} from './definition.ts';
import {manifestText, parseManifest, pinImages, refuseUnableToInstall, settingIn} from './manifest.ts';
import {cniNameOf, type Network, ownNetwork} from './network.ts';

export type NetworkChoice = Network | typeof ownNetwork;

export interface LoadOptions {
  /** With the networks of kni-demo. */
  readonly dir: string;
  /** Of the stack. */
  readonly podSubnet: string;
  /** A pinned manifest is read from the cache, so that a repeated `up` needs no network. */
  readonly dirs: Dirs;
  /** Whether to keep the download of a pinned manifest in the cache. */
  readonly mayWrite: boolean;
  /** Milliseconds for a manifest, which has some kilobytes. Default: 30,000. */
  readonly downloadTimeout?: number;
  readonly signal: AbortSignal;
}

/**
 * `choice` is a name in `dir`, the URL of a CNI configuration or a manifest, or the path of one or of a definition like those in
 * `dir`. Throws UserError for a network that does not exist, is invalid or does not fit the stack.
 */
export const loadNetwork = async (choice: string, options: LoadOptions): Promise<NetworkChoice> => {
  if (choice === ownNetwork) return ownNetwork;
  if (isUrl(choice) && !URL.canParse(choice)) throw unknown(choice, 'the URL is not valid');
  const url = isUrl(choice) ? new URL(choice) : undefined;
  if (url === undefined && !/[/.]/.test(choice))
    return fromDefinition(await pathOf(choice, options.dir), options);
  const text = url === undefined ? await readText(choice) : textOf(await download(choice, options));
  const path = url?.pathname ?? choice;
  const name = basename(path) || (url?.hostname ?? choice);
  if (/\.(conflist|conf)$/.test(path) || (path.endsWith('.json') && !text.includes('"apiVersion"')))
    return fromConflist(choice, name, text);
  if (url === undefined && !/\.(ya?ml|json)$/.test(path))
    throw unknown(
      choice,
      'its name must end with .conflist, .conf or .json for a CNI configuration, or .yaml for a manifest',
    );
  if (!isDefinition(text)) return fromManifest(choice, name, text);
  if (url === undefined) return fromDefinition(choice, options);
  throw invalid(choice, new Error('it is a definition, which must be a file: download it and pass its path'));
};

/** Throws UserError if the file cannot be read. */
const readText = async (path: string, choice = path): Promise<string> => {
  const subject = path === choice ? 'it' : `its manifest ${path}`;
  const bytes = await readFile(path).catch((error: unknown) => {
    const code = errorCodeOf(error);
    if (code === 'ENOENT') throw unknown(choice, `${path === choice ? 'the file' : subject} does not exist`);
    throw unknown(choice, code === 'EISDIR' ? `${subject} is a directory` : messageOf(error));
  });
  return textOf(bytes);
};

/** Without a byte order mark, which editors on Windows write and JSON does not allow. */
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

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

/** For people. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof z.ZodError)) return messageOf(error);
  return error.issues
    .flatMap(problemsOf)
    .map(({at, text}) => `${fieldPrefix(at)}${text}`)
    .join('\n');
};

const pathOf = async (name: string, dir: string): Promise<string> => {
  const known = await stackNames(dir);
  if (known.includes(name)) return resolve(dir, `${name}.yaml`);
  throw unknown(name, `the known networks are ${[ownNetwork, ...known].join(', ')}`);
};

/** A definition has none of the fields that every Kubernetes object has. */
const isDefinition = (text: string): boolean => /^manifest:/m.test(text) && !/^apiVersion:/m.test(text);

const fromConflist = (choice: string, name: string, text: string): Network => {
  try {
    const {cniName, leftovers} = parseUserConflist(text);
    return {name, cniName, conflist: text, neededFiles: [], leftovers, isKnown: true};
  } catch (error) {
    throw invalid(choice, error);
  }
};

/** The name of its network is known only when its DaemonSet has written the configuration. */
const fromManifest = (choice: string, file: string, text: string): Network => {
  const name = file.replace(/\.(ya?ml|json)$/, '');
  try {
    const objects = parseManifest(text);
    refuseUnableToInstall(objects);
    return {
      name,
      cniName: cniNameOf(name),
      manifest: manifestText(objects),
      neededFiles: [],
      leftovers: {links: [], paths: [], state: [], chains: []},
      isKnown: false,
    };
  } catch (error) {
    throw invalid(choice, error);
  }
};

const fromDefinition = async (path: string, options: LoadOptions): Promise<Network> => {
  const result = parseYaml<Definition>(await readText(path), path, definition);
  if (!result.ok)
    throw new UserError({
      what: `invalid network ${path}`,
      why: result.problems.join('\n'),
      tryThis: `correct ${path}`,
      code: 'KNI-E223',
    });
  const found = result.value;
  const text = await manifestOf(found, path, options);
  try {
    const objects = parseManifest(text);
    refuseOtherSubnet(found, objects, options.podSubnet);
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
    tryThis: 'make them equal: in your own manifest, or in your own stack file (--stack FILE)',
    code: 'KNI-E224',
  });
};

const manifestOf = async ({manifest}: Definition, path: string, options: LoadOptions): Promise<string> => {
  if ('file' in manifest) return readText(resolve(dirname(path), manifest.file), path);
  const {url, sha256} = manifest;
  const artifact = artifactPath(options.dirs, 'network-manifest', sha256);
  if (await artifactExists(artifact)) return readText(join(artifact, manifestFile));
  const withoutNetwork = 'pass a definition with the manifest as a file: docs/networks.md#without-internet';
  const bytes = await download(url, {...options, withoutNetwork});
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (sum !== sha256)
    throw new UserError({
      what: `the download of ${url} differs from what ${basename(path)} pins`,
      why: `its sha256 is ${sum}`,
      tryThis: 'download it again, or correct the checksum if the change is intended',
      code: 'KNI-E111',
    });
  if (options.mayWrite)
    await publish(artifact, (directory) => writeFile(join(directory, manifestFile), bytes));
  return textOf(bytes);
};

const manifestFile = 'manifest.yaml';

const download = async (
  url: string,
  {
    signal,
    downloadTimeout: timeout = 30_000,
    withoutNetwork = 'download it elsewhere and pass the file: --cni FILE',
  }: Pick<LoadOptions, 'signal' | 'downloadTimeout'> & {readonly withoutNetwork?: string},
): Promise<Uint8Array> => {
  try {
    const response = await fetch(url, {signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)])});
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new Error(`HTTP ${response.status}`);
  } catch (error) {
    signal.throwIfAborted();
    throw new UserError(
      {
        what: `cannot download ${url}`,
        why: whyNotDownloaded(error, timeout),
        tryThis: `check the network, or ${withoutNetwork}`,
        code: 'KNI-E107',
      },
      {cause: error},
    );
  }
};

const whyNotDownloaded = (error: unknown, timeout: number): string => {
  if (!(error instanceof Error)) return messageOf(error);
  if (error.name === 'TimeoutError') return `no complete answer within ${seconds(timeout)}`;
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
};
