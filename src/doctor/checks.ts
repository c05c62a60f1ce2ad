/** Checks of this machine beyond the requirements of `up`, and of the user's clusters. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Dirs} from '../cache/dirs.ts';
import {exists} from '../cache/files.ts';
import {holderText} from '../cache/lock.ts';
import {currentHolder} from '../cache/lock-file.ts';
import {CommandError} from '../host/command-error.ts';
import type {Command, Host} from '../host/host.ts';
import {quoteCommand} from '../host/quote.ts';
import type {DemoContext} from '../stages/context.ts';
import type {SurveyEntry} from '../stages/host/survey.ts';
import type {Status} from '../status/gather.ts';
import {isHealthy} from '../status/text.ts';

export interface CheckResult {
  readonly name: string;
  readonly kind: 'ok' | 'warning' | 'problem';
  /** The finding, in a few words. */
  readonly message: string;
  /** Commands or advice, one per line. */
  readonly fix?: string;
  /** Commands that `--fix` may run: they need root, and change only settings and stale rules of the running kernel. */
  readonly safe?: readonly Command[];
}

const inotifyLimit: Command = ['sysctl', ['-w', 'fs.inotify.max_user_instances=512']];

/** The requirements of `up`. */
export const requirementChecks = (survey: readonly SurveyEntry[]): readonly CheckResult[] =>
  survey.map(({requirement: {name}, finding}): CheckResult => {
    const {message} = finding;
    if (finding.kind !== 'missing') {
      if (finding.kind === 'present') return {name, kind: 'ok', message};
      const warning = {name, kind: 'warning', message} as const;
      return name === 'inotify'
        ? {...warning, fix: quoteCommand(inotifyLimit), safe: [inotifyLimit]}
        : warning;
    }
    const {remedy} = finding;
    const fix =
      remedy.kind === 'advice'
        ? remedy.advice
        : ['let kni-demo up --yes run:', ...remedy.commands.map((each) => `  ${quoteCommand(each)}`)].join(
            '\n',
          );
    return {name, kind: 'problem', message, fix};
  });

/** Kernel modules that nodes and pods need. The kernel loads most of them on demand. */
const modules = ['overlay', 'bridge', 'veth', 'vxlan', 'nf_tables'];

export const machineChecks = async (
  {host, machine, dirs}: Pick<DemoContext, 'host' | 'machine' | 'dirs'>,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> => [
  (await machine.lacksCapabilities())
    ? {
        name: 'capabilities',
        kind: 'warning',
        message: 'the bounding set lacks some, so docker 20.10 cannot run privileged containers',
        fix: 'use docker 26 or later, or a machine with all capabilities',
      }
    : {name: 'capabilities', kind: 'ok', message: 'privileged containers get all'},
  await moduleCheck(host, signal),
  await iptablesCheck(host, signal),
  proxyCheck(env),
  lockCheck(dirs),
];

const moduleCheck = async (host: Host, signal: AbortSignal): Promise<CheckResult> => {
  const release = (await host.run(['uname', ['-r']], {signal})).stdout.trim();
  const builtIn = await readFile(join('/lib/modules', release, 'modules.builtin'), 'utf8').catch(
    () => undefined,
  );
  const missing: string[] = [];
  for (const name of modules) {
    const isThere = (await exists(`/sys/module/${name}`)) || builtIn?.includes(`/${name}.ko`);
    if (!isThere) missing.push(name);
  }
  if (missing.length === 0) return {name: 'modules', kind: 'ok', message: modules.join(', ')};
  // A container or a monolithic kernel has no list of built-in modules.
  if (builtIn === undefined) {
    const message = `cannot see ${missing.join(', ')}: built into the kernel, or missing`;
    return {name: 'modules', kind: 'ok', message};
  }
  const safe = missing.map((name): Command => ['modprobe', [name]]);
  const fix = safe.map(quoteCommand).join('\n');
  return {name: 'modules', kind: 'warning', message: `not loaded: ${missing.join(', ')}`, fix, safe};
};

const iptablesCheck = async (host: Host, signal: AbortSignal): Promise<CheckResult> => {
  try {
    const {stdout} = await host.run(['iptables', ['--version']], {signal});
    return {name: 'iptables', kind: 'ok', message: stdout.trim().replace(/^iptables /, '')};
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    const fix = 'install iptables: docker needs it for the networks of containers';
    return {name: 'iptables', kind: 'warning', message: error.lastLine, fix};
  }
};

const proxyCheck = (env: Readonly<Record<string, string | undefined>>): CheckResult => {
  const set = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].filter(
    (name) => env[name] || env[name.toLowerCase()],
  );
  if (set.length === 0) return {name: 'proxy', kind: 'ok', message: 'none'};
  const exceptions = env['NO_PROXY'] ?? env['no_proxy'] ?? '';
  return /127\.0\.0\.1|localhost/.test(exceptions)
    ? {name: 'proxy', kind: 'ok', message: `${set.join(', ')}, not for this machine`}
    : {
        name: 'proxy',
        kind: 'warning',
        message: `${set.join(', ')} would also be used for 127.0.0.1`,
        fix: 'export NO_PROXY=127.0.0.1,localhost',
      };
};

/** The kernel frees the lock of a process that has ended, so a lock cannot be stale. */
const lockCheck = (dirs: Dirs): CheckResult => {
  const holder = currentHolder(dirs);
  if (holder === undefined) return {name: 'lock', kind: 'ok', message: 'free'};
  const message = `held by ${holderText(holder)}`;
  return holder.isStopped
    ? {name: 'lock', kind: 'problem', message, fix: `continue it: kill -CONT ${holder.pid}`}
    : {name: 'lock', kind: 'ok', message};
};

export const clusterChecks = ({clusters}: Status): readonly CheckResult[] =>
  clusters.map(({name, nodes, isComplete, changes}): CheckResult => {
    const sick = nodes.filter((node) => !isHealthy(node)).map((node) => node.name);
    const pending = nodes.filter(({runtime}) =>
      runtime?.networks.some(({unfinishedCleanups = 0}) => unfinishedCleanups > 0),
    );
    const cluster = `cluster ${name}`;
    if (changes !== undefined)
      return {
        name: cluster,
        kind: 'warning',
        message: changes.what,
        ...(changes.tryThis !== undefined && {fix: changes.tryThis}),
      };
    if (!isComplete || sick.length > 0 || nodes.length === 0) {
      const message = isComplete ? `not healthy: ${sick.join(', ') || 'no nodes'}` : 'not completely created';
      return {name: cluster, kind: 'problem', message, fix: `see kni-demo status --name ${name}`};
    }
    if (pending.length > 0) {
      const message = `failed cleanups hold addresses on ${pending.map((node) => node.name).join(', ')}`;
      const fix = pending.map((node) => `docker exec ${node.name} kni-runtime pending --retry`).join('\n');
      return {name: cluster, kind: 'warning', message, fix};
    }
    return {name: cluster, kind: 'ok', message: `${nodes.length} nodes healthy`};
  });
