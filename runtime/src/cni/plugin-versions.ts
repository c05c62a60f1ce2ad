/** Asks a plugin for its supported CNI versions, once per executable (CNI spec, section 2, "VERSION"). */
import {stat} from 'node:fs/promises';
import {arrayOf, isObject, stringOf} from '../lib/json.ts';
import {CniError, PluginFailed} from './errors.ts';

/** Caches replies by file identity, because a plugin may be replaced at any time. Failures are not cached. */
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

/** By the CNI spec, a plugin without VERSION supports 0.1.0 only. */
export const versionReplyOf = async (plugin: string, ask: () => Promise<string>): Promise<string> => {
  try {
    const reply = await ask();
    if (supportedVersionsIn(reply).length > 0) return reply;
  } catch (error) {
    if (!(error instanceof CniError && error.msg.startsWith('unknown CNI_COMMAND'))) throw error;
    return '{"cniVersion":"0.1.0","supportedVersions":["0.1.0"]}';
  }
  throw new PluginFailed(plugin, 'bad-result', 'returned no supported CNI versions');
};

export const supportedVersionsIn = (reply: string): string[] => {
  const versions = parseReply(reply)['supportedVersions'];
  return arrayOf(versions).flatMap((version) => stringOf(version) ?? []);
};

const parseReply = (reply: string) => {
  try {
    const value: unknown = JSON.parse(reply);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
};
