/** Applies settings to the flags of a command. A flag takes precedence over its variable, and that over kni-demo.yaml. */

import {type Command, CommanderError, type Option} from 'commander';
import {UserError} from '../../errors.ts';
import {messageOf} from '../../thrown.ts';
import type {SettingsFile} from './file.ts';
import {findFile, refuseUntrusted} from './find-file.ts';
import {isList, isSwitch, settingOf, settingsOf, variableOf} from './flags.ts';

export type Origin =
  | {readonly kind: 'environment'; readonly variable: string}
  | {readonly kind: 'file'; readonly path: string; readonly line: number};

export interface Setting {
  readonly values: readonly string[];
  readonly origin: Origin;
}

export interface SettingsPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the search for kni-demo.yaml starts. */
  readonly directory: string;
}

/** `KNI_DEMO_WORKERS` or `/home/me/kni-demo.yaml:3` */
export const originText = (origin: Origin): string =>
  origin.kind === 'environment' ? origin.variable : `${origin.path}:${origin.line}`;

/** The settings of `program` that are set. Throws UserError (exit code `badInput`) for an invalid file. */
export const readSettings = async (
  program: Command,
  {env, directory}: SettingsPlace,
): Promise<ReadonlyMap<string, Setting>> => {
  const known = settingsOf(program);
  const file = await fileFor(known, directory);
  const settings = new Map<string, Setting>();
  for (const [name, option] of known) {
    const variable = variableOf(name);
    const text = env[variable];
    const inFile = file?.settings.get(name);
    if (text !== undefined && text !== '')
      settings.set(name, {
        // A list in a variable is separated by blanks.
        values: isList(option) ? text.split(/\s+/).filter(Boolean) : [text],
        origin: {kind: 'environment', variable},
      });
    else if (inFile !== undefined && file !== undefined)
      settings.set(name, {
        values: inFile.values,
        origin: {kind: 'file', path: file.path, line: inFile.line},
      });
  }
  return settings;
};

/** The YAML parser is loaded only if there is a file. */
const fileFor = async (
  known: ReadonlyMap<string, Option>,
  directory: string,
): Promise<SettingsFile | undefined> => {
  const path = findFile(directory);
  if (path === undefined) return undefined;
  refuseUntrusted(path);
  const {readFile} = await import('./file.ts');
  return readFile(path, known);
};

/**
 * Sets the flags that the command line did not set. Throws UserError (exit code `badInput`) for a value that the flag does not
 * accept.
 */
export const applySettings = (command: Command, settings: ReadonlyMap<string, Setting>): void => {
  for (const option of command.options) {
    const name = settingOf(option);
    const setting = name === undefined ? undefined : settings.get(name);
    const key = option.attributeName();
    const source = command.getOptionValueSource(key);
    if (name === undefined || setting === undefined || (source !== undefined && source !== 'default'))
      continue;
    command.setOptionValueWithSource(key, valueOf(option, name, setting), 'config');
  }
};

const valueOf = (option: Option, name: string, {values, origin}: Setting): unknown => {
  const [text = ''] = values;
  if (isSwitch(option)) {
    const isSet = words[text.toLowerCase()];
    if (isSet === undefined) throw invalid(name, text, origin, 'it must be true or false');
    return option.negate ? !isSet : isSet;
  }
  try {
    return values.reduce<unknown>(
      (before, each) => (option.parseArg ? option.parseArg(each, before) : each),
      isList(option) ? [] : undefined,
    );
  } catch (error) {
    if (error instanceof UserError) throw invalid(name, text, origin, error.why);
    if (error instanceof CommanderError) throw invalid(name, text, origin, messageOf(error));
    throw error;
  }
};

const words: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  yes: true,
  false: false,
  0: false,
  no: false,
};

const invalid = (name: string, text: string, origin: Origin, why: string): UserError =>
  new UserError({
    what: `${originText(origin)}: invalid ${name} ${JSON.stringify(text)}`,
    why,
    tryThis: `correct it, or pass --${name}`,
    code: 'KNI-E205',
  });
