/** Requires a kind that supports the stack's Kubernetes. On Debian, kni-demo unpacks one without installing it. */

import {join} from 'node:path';
import {CommandError} from '../../host/command-error.ts';
import {installKind, version as kindVersion} from '../../tools/kind.ts';
import {toolsDirectory} from '../lib/managed-engine.ts';
import {adviseOn, missing, present, type Requirement} from '../lib/requirement.ts';
import {unpackPackages} from '../lib/unpack-packages.ts';

export const kind: Requirement = {
  id: 'host/kind',
  name: 'kind',
  title: 'Unpack kind',
  async check({host, machine, stack, dirs, architecture}, signal) {
    const {minimum, suite, package: name} = stack.kind;
    let message = 'not installed';
    try {
      const {stdout} = await host.run(kindVersion, {signal, timeout: 10_000});
      const found = /kind v?(\S+)/.exec(stdout)?.[1] ?? stdout.trim();
      if (isAtLeast(found, minimum)) return present(found);
      message = `${found} is too old for Kubernetes ${stack.kubernetes.version}, which needs ${minimum}`;
    } catch (error) {
      if (!(error instanceof CommandError) || signal.aborted) throw error;
    }
    const mirrors = await machine.mirrors();
    if (!mirrors) {
      const command = installKind(minimum, architecture);
      return adviseOn(message, `install kind ${minimum} or later, as root: ${command}`);
    }
    const to = join(toolsDirectory(dirs), 'kind');
    const commands = unpackPackages({mirrors, suite, names: [name], to}, dirs);
    return missing(message, {needsRoot: false, commands});
  },
};

/** Compares the three numbers of versions such as `0.33.0` or `0.34.0-alpha`. */
const isAtLeast = (version: string, minimum: string): boolean => {
  const [found, wanted] = [version, minimum].map((text) => text.split(/[.+-]/).slice(0, 3).map(Number));
  const first = (wanted ?? []).findIndex((number, index) => number !== found?.[index]);
  // Accepts NaN: a kind that users built themselves may have no version number.
  return first === -1 || !((found?.[first] ?? 0) < (wanted?.[first] ?? 0));
};
