/** kind, which makes clusters of containers. */

import {join} from 'node:path';
import {CommandError} from '../../host/command-error.ts';
import {installKind, version as kindVersion} from '../../tools/kind.ts';
import {toolPath} from '../lib/managed-engine.ts';
import {missing, type Requirement, there} from '../lib/requirement.ts';
import {unpack} from '../lib/unpack-packages.ts';

export const kind: Requirement = {
  id: 'host/kind',
  name: 'kind',
  title: 'Unpack kind beside the system',
  async look(context, signal) {
    const {host, machine, stack, dirs} = context;
    const {minimum, suite, package: name} = stack.kind;
    let lacks = 'not installed';
    try {
      const {stdout} = await host.run(kindVersion, {signal, timeout: 10_000});
      const found = /kind v?(\S+)/.exec(stdout)?.[1] ?? stdout.trim();
      if (isAtLeast(found, minimum)) return there(found);
      lacks = `${found} is too old for Kubernetes ${stack.kubernetes.version}, which wants ${minimum}`;
    } catch (error) {
      if (!(error instanceof CommandError) || signal.aborted) throw error;
    }
    const mirrors = await machine.mirrors();
    if (!mirrors) {
      return missing(lacks, {
        advice: `install kind ${minimum} or later, as root: ${installKind(minimum, context.architecture)}`,
      });
    }
    const to = join(toolPath(dirs), 'kind');
    return missing(lacks, {
      needsRoot: false,
      commands: unpack(context, {mirrors, suite, names: [name], to}),
    });
  },
};

/** Versions such as `0.33.0`, of which a development build of the next may have more: `0.34.0-alpha`. */
const isAtLeast = (version: string, minimum: string): boolean => {
  const [has, wants] = [version, minimum].map((text) => text.split(/[.+-]/).slice(0, 3).map(Number));
  const differs = (wants ?? []).findIndex((number, index) => number !== has?.[index]);
  // What is no number is a build of somebody's own, who will know.
  return differs === -1 || !((has?.[differs] ?? 0) < (wants?.[differs] ?? 0));
};
