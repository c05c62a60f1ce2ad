/** Which versions of CNI a plugin speaks (CNI spec, section 2, "VERSION"), asked once per executable. */
import {stat} from 'node:fs/promises';
import {arrayOf, isObject, stringOf} from '../lib/json.ts';
import {CniError, PluginFailed} from './errors.ts';

/** Asks again when the file is another: a plugin can be replaced at any time. What fails is not remembered. */
export const createVersionCache = () => {
  const known = new Map<string, {readonly of: string; readonly reply: string}>();
  return async (file: string, ask: () => Promise<string>): Promise<string> => {
    const {dev, ino, mtimeMs, size} = await stat(file);
    const of = [dev, ino, mtimeMs, size].join(' ');
    const found = known.get(file);
    if (found?.of === of) return found.reply;
    const reply = await ask();
    known.set(file, {of, reply});
    return reply;
  };
};

/** Plugins from before there was VERSION speak 0.1.0, says the specification that introduced it. */
export const versionReplyOf = async (plugin: string, ask: () => Promise<string>): Promise<string> => {
  try {
    const reply = await ask();
    if (supportedVersionsIn(reply).length > 0) return reply;
  } catch (error) {
    if (!(error instanceof CniError && error.msg.startsWith('unknown CNI_COMMAND'))) throw error;
    return '{"cniVersion":"0.1.0","supportedVersions":["0.1.0"]}';
  }
  throw new PluginFailed(plugin, 'bad-result', 'does not say which versions of CNI it supports');
};

export const supportedVersionsIn = (reply: string): string[] => {
  const versions = parsed(reply)['supportedVersions'];
  return arrayOf(versions).flatMap((version) => stringOf(version) ?? []);
};

const parsed = (reply: string) => {
  try {
    const value: unknown = JSON.parse(reply);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
};
