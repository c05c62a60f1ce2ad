/** Reads the node's own network from the configuration directory. */
import {existsSync} from 'node:fs';
import {createConfDirReader} from '../cni/conf-dir.ts';
import type {Conflist} from '../cni/conflist.ts';
import {InvalidConfig} from '../cni/errors.ts';
import {missingPlugin} from '../cni/find-plugin.ts';
import type {Trouble} from './trouble.ts';

export interface NetworkStatus {
  /** While the configuration is broken, the last valid one. */
  readonly list: Conflist | undefined;
  /** Undefined if pods can be attached. */
  readonly trouble: Trouble | undefined;
}

export interface NetworkSource {
  /** Undefined without a configuration. While a file is broken, the last valid configuration remains. */
  current(): Conflist | undefined;
  /** Also returns the problem of the configuration. For a missing configuration, `missing` supplies the problem. */
  look(missing: () => Trouble): NetworkStatus;
}

export interface NetworkSourceOptions {
  readonly confDir: string;
  readonly binDirs: readonly string[];
  /** Absolute paths of files without which the plugins cannot attach pods, for example flannel's subnet.env. */
  readonly neededFiles: readonly string[];
}

export const createNetworkSource = ({confDir, binDirs, neededFiles}: NetworkSourceOptions): NetworkSource => {
  const readConfDir = createConfDirReader(confDir);
  let lastGood: Conflist | undefined;

  const read = (): Conflist | undefined | InvalidConfig => {
    try {
      return readConfDir();
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
    if (plugin)
      return {reason: 'CNIPluginMissing', message: `CNI plugin ${plugin} is not in ${binDirs.join(' or ')}`};
    const file = neededFiles.find((path) => !existsSync(path));
    return file === undefined
      ? undefined
      : {reason: 'NetworkFileMissing', message: `network ${list.name} needs ${file}, which does not exist`};
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
