/** The network that pods are attached to, as the configuration directory has it at the time. */
import {readConfDir} from '../cni/conf-dir.ts';
import type {Conflist} from '../cni/conflist.ts';
import {InvalidConfig} from '../cni/errors.ts';
import {missingPlugin} from '../cni/find-plugin.ts';
import type {Trouble} from './trouble.ts';

export interface NetworkStatus {
  /** The last good one while the configuration is broken. */
  readonly list: Conflist | undefined;
  /** `undefined` when pods can be attached. */
  readonly trouble: Trouble | undefined;
}

export interface NetworkSource {
  /** `undefined` when there is none. A broken file does not take away the network that was there before it. */
  current(): Conflist | undefined;
  /** The same, and what is wrong with the configuration; `missing` is what to say when there is none. */
  look(missing: () => Trouble): NetworkStatus;
}

export const createNetworkSource = (confDir: string, binDirs: readonly string[]): NetworkSource => {
  let lastGood: Conflist | undefined;

  const read = (): Conflist | undefined | InvalidConfig => {
    try {
      return readConfDir(confDir);
    } catch (error) {
      if (error instanceof InvalidConfig) return error;
      throw error;
    }
  };

  const look = (missing: () => Trouble): NetworkStatus => {
    const list = read();
    if (list instanceof InvalidConfig)
      return {list: lastGood, trouble: {reason: 'CNIConfigInvalid', message: list.message}};
    lastGood = list;
    return {list, trouble: list ? troubleOf(list) : missing()};
  };

  const troubleOf = (list: Conflist): Trouble | undefined => {
    const plugin = missingPlugin(binDirs, [list]);
    if (!plugin) return undefined;
    return {reason: 'CNIPluginMissing', message: `CNI plugin ${plugin} is not in ${binDirs.join(' or ')}`};
  };

  return {
    current: () => {
      const list = read();
      if (!(list instanceof InvalidConfig)) lastGood = list;
      return lastGood;
    },
    look,
  };
};
