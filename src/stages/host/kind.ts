/** kind, which makes clusters of containers. */

import {join} from 'node:path';
import {CommandError} from '../../host/command-error.ts';
import {version as kindVersion} from '../../tools/kind.ts';
import {toolPath} from './brought.ts';
import {missing, type Requirement, there} from './finding.ts';
import {unpack} from './unpack.ts';

export const kind: Requirement = {
  id: 'host/kind',
  name: 'kind',
  title: 'Unpack kind beside the system',
  async look(context, signal) {
    const {host, machine, stack, dirs} = context;
    try {
      const {stdout} = await host.run(kindVersion, {signal, timeout: 10_000});
      return there(/kind v?(\S+)/.exec(stdout)?.[1] ?? stdout.trim());
    } catch (error) {
      if (!(error instanceof CommandError) || signal.aborted) throw error;
    }
    const mirrors = await machine.mirrors();
    if (!mirrors) {
      return missing('not installed', {
        advice: 'install kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
      });
    }
    const names = [stack.kind.package];
    const to = join(toolPath(dirs), 'kind');
    return missing('not installed', {
      needsRoot: false,
      commands: unpack(context, {mirrors, suite: stack.kind.suite, names, to}),
    });
  },
};
