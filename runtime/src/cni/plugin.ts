/** Calls one plugin: finds it, derives its request configuration and environment, and reads what it answers. */
import {isAbsolute} from 'node:path';
import {isObject} from '../json.ts';
import {textOf} from '../log.ts';
import type {Attachment, Target} from './attachment.ts';
import type {Conflist, PluginConfig} from './conflist.ts';
import {errorResultOf} from './error-result.ts';
import {CniError, PluginFailed} from './errors.ts';
import type {Ending, Exec} from './exec.ts';
import {findPlugin} from './find-plugin.ts';
import {rawMembers, rawObject} from './raw-json.ts';

export type CniCommand = 'ADD' | 'DEL';

export interface Invocation {
  readonly list: Conflist;
  readonly plugin: PluginConfig;
  readonly attachment: Attachment;
  readonly target: Target;
  readonly prevResult: string | undefined;
}

/** Returns the text of the result, which for ADD is a JSON object with a `cniVersion`. */
export type InvokePlugin = (command: CniCommand, invocation: Invocation) => Promise<string>;

export interface PluginOptions {
  readonly exec: Exec;
  readonly binDirs: readonly string[];
  readonly timeoutMs: number;
}

export const createInvokePlugin =
  ({exec, binDirs, timeoutMs}: PluginOptions): InvokePlugin =>
  async (command, invocation) => {
    const {type} = invocation.plugin;
    const file = await findPlugin(binDirs, type);
    if (!file) throw new PluginFailed(type, 'missing', `is not in ${binDirs.join(' or ')}`);
    const ending = await exec({
      file,
      timeoutMs,
      stdin: requestConfigOf(invocation),
      env: environmentOf(command, invocation, binDirs),
    });
    const stdout = stdoutOf(ending, type, command);
    return command === 'ADD' ? resultOf(stdout, invocation) : stdout;
  };

/** CNI spec, section 3, "Deriving request configuration from plugin configuration objects". */
export const requestConfigOf = ({list, plugin, attachment, prevResult}: Invocation): string => {
  const members = new Map(plugin.members);
  // `capabilities` becomes runtimeConfig; the rest is the runtime's to generate.
  for (const key of members.keys()) if (isReserved(key)) members.delete(key);
  members.set('cniVersion', JSON.stringify(list.cniVersion));
  members.set('name', JSON.stringify(list.name));
  const given = Object.entries(attachment.capabilityArgs).filter(([capability]) =>
    plugin.capabilities.has(capability),
  );
  if (given.length > 0) members.set('runtimeConfig', JSON.stringify(Object.fromEntries(given)));
  if (prevResult !== undefined) members.set('prevResult', prevResult);
  return rawObject(members);
};

const isReserved = (key: string): boolean =>
  key === 'capabilities' || key === 'runtimeConfig' || key === 'prevResult' || key.startsWith('cni.dev/');

/** CNI spec, section 2, "Parameters". */
export const environmentOf = (
  command: CniCommand,
  {attachment, target}: Invocation,
  binDirs: readonly string[],
): Record<string, string> => ({
  CNI_COMMAND: command,
  CNI_CONTAINERID: target.sandbox,
  CNI_NETNS: target.netns,
  CNI_IFNAME: attachment.ifName,
  CNI_ARGS: attachment.cniArgs.map(([key, value]) => `${key}=${value}`).join(';'),
  CNI_PATH: binDirs.filter(isAbsolute).join(':'),
});

const stdoutOf = (ending: Ending, plugin: string, command: CniCommand): string => {
  switch (ending.how) {
    case 'exited':
      if (ending.exitCode === 0) return ending.stdout;
      throw new CniError(plugin, command, errorResultOf(ending));
    case 'signalled':
      throw new PluginFailed(plugin, 'killed', `was ended by ${ending.signal} during ${command}`);
    case 'timed-out':
      throw new PluginFailed(plugin, 'timed-out', `did not ${command} within ${ending.ms} ms and was killed`);
    case 'stopped':
      throw new PluginFailed(
        plugin,
        'stopped',
        `was killed during ${command}, since the network runtime stops`,
      );
    case 'too-much-output':
      throw new PluginFailed(plugin, 'bad-result', `printed more than ${ending.limit} bytes`);
    case 'not-started':
      throw new PluginFailed(plugin, 'not-started', `could not be started: ${textOf(ending.error)}`);
  }
};

/** A result without a version has that of the configuration; one of another version would mislead the next plugin. */
const resultOf = (stdout: string, {list, plugin}: Invocation): string => {
  let result: unknown;
  try {
    result = JSON.parse(stdout);
  } catch {
    throw new PluginFailed(plugin.type, 'bad-result', 'printed a result that is not JSON');
  }
  if (!isObject(result))
    throw new PluginFailed(plugin.type, 'bad-result', 'printed a result that is not an object');
  const version = result['cniVersion'] ?? list.cniVersion;
  if (version !== list.cniVersion) {
    throw new PluginFailed(
      plugin.type,
      'bad-result',
      `answered in CNI version ${JSON.stringify(version)}, not ${list.cniVersion}`,
    );
  }
  return rawObject(new Map(rawMembers(stdout)).set('cniVersion', JSON.stringify(version)));
};
