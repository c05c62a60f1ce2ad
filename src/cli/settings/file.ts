/** Reads and checks kni-demo.yaml, which sets flags for all who work in a directory. */

import {readFileSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import type {Option} from 'commander';
import {isMap, isScalar, isSeq, LineCounter, parseDocument, type Scalar} from 'yaml';
import {UserError} from '../../errors.ts';
import {isUrl} from '../../stacks/own-source.ts';
import {fileName} from './find-file.ts';
import {isList, isSwitch} from './flags.ts';

/** A setting with its values as texts; a flag without a value has `true` or `false`. */
export interface FileSetting {
  readonly values: readonly string[];
  readonly line: number;
}

export interface SettingsFile {
  readonly path: string;
  readonly settings: ReadonlyMap<string, FileSetting>;
}

/** Throws UserError (exit code `badInput`) with all problems, each with its line. */
export const readFile = (path: string, known: ReadonlyMap<string, Option>): SettingsFile => {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), {lineCounter: lines, prettyErrors: false});
  const lineAt = (offset = 0): number => lines.linePos(offset).line;
  const broken = [...document.errors, ...document.warnings][0];
  if (broken) throw invalid(path, [`${path}:${lineAt(broken.pos[0])}: not YAML: ${broken.message}`]);
  const settings = new Map<string, FileSetting>();
  const problems: string[] = [];
  const base = dirname(path);
  const {contents} = document;
  if (contents !== null && !isMap(contents) && !(isScalar(contents) && contents.value === null))
    problems.push(`${path}:1: must be settings such as "workers: 3"`);
  for (const {key, value} of isMap(contents) ? contents.items : []) {
    const name = isScalar(key) ? String(key.value) : '';
    const line = lineAt(isScalar(key) ? key.range?.[0] : 0);
    const option = known.get(name);
    const found =
      option === undefined
        ? `unknown setting ${JSON.stringify(name)}; the settings are ${[...known.keys()].sort().join(', ')}`
        : valuesOf(value, option, name);
    if (typeof found === 'string') problems.push(`${path}:${line}: ${found}`);
    else settings.set(name, {values: found.map((text) => withBase(name, text, base)), line});
  }
  if (problems.length > 0) throw invalid(path, problems);
  return {path, settings};
};

/** The values as texts, or a phrase about the problem. */
const valuesOf = (node: unknown, option: Option, name: string): readonly string[] | string => {
  if (isSwitch(option)) {
    const value = isScalar(node) ? node.value : undefined;
    return typeof value === 'boolean' ? [String(value)] : `${name} must be true or false`;
  }
  if (isList(option) && isSeq(node) && node.items.every(isText)) return node.items.map(textOf);
  if (isText(node)) return [textOf(node)];
  return `${name} must be ${isList(option) ? 'text or a list of texts' : 'text or a number'}`;
};

const isText = (node: unknown): node is Scalar<string | number> =>
  isScalar(node) && ['string', 'number'].includes(typeof node.value);

/** As it is in the file: the version 1.20 must not become 1.2. */
const textOf = ({source, value}: Scalar<string | number>): string =>
  typeof value === 'number' ? (source ?? String(value)) : value;

/** Paths of stack files, networks and source directories are relative to the file. */
const withBase = (name: string, text: string, base: string): string => {
  if (name === 'stack') return /\.ya?ml$/.test(text) ? resolve(base, text) : text;
  if (name === 'cni') return /\.[a-z]+$/.test(text) && !isUrl(text) ? resolve(base, text) : text;
  if (name !== 'source') return text;
  const [, component = '', place = '', ref = ''] = /^([^=]*=)([^#]*)(.*)$/.exec(text) ?? [];
  return component === '' || place === '' || isUrl(place)
    ? text
    : `${component}${resolve(base, place)}${ref}`;
};

const invalid = (path: string, problems: readonly string[]): UserError =>
  new UserError({
    what: `invalid ${fileName}`,
    why: problems.join('\n'),
    tryThis: `correct ${path}; see kni-demo config show --help`,
    code: 'KNI-E205',
  });
