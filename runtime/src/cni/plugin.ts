/** Calls one plugin: finds it, runs it and reads its result. */
import {errorText} from '../log.ts';
import type {Ending, Exec, Programs} from '../process/exec.ts';
import type {CniCommand} from './cni-command.ts';
import {errorResultOf, isErrorResult} from './error-result.ts';
import {CniError, PluginFailed} from './errors.ts';
import {findPlugin} from './find-plugin.ts';
import {type Invocation, type InvokePlugin, type StartEarly, wrapInvoke} from './invocation.ts';
import {createVersionCache, versionReplyOf} from './plugin-versions.ts';
import {environmentOf, requestConfigOf} from './request.ts';
import {refuseInvalidResult} from './result-checks.ts';
import {BadResult, resultInVersion} from './result-versions.ts';

export interface PluginOptions {
  readonly exec: Exec;
  readonly startEarly?: Programs['startEarly'];
  /** Types of plugins that may be started before their configuration is known. */
  readonly earlyTypes?: ReadonlySet<string>;
  readonly binDirs: readonly string[];
  readonly timeoutMs: number;
}

/** A result is about 1 KB. */
const printsLittle = true;

export const createInvokePlugin = (options: PluginOptions): InvokePlugin => {
  const {exec, binDirs, timeoutMs} = options;
  const versions = createVersionCache();
  const invoke: InvokePlugin = async (command, invocation) => {
    const {type} = invocation.plugin;
    const file = findPlugin(binDirs, type);
    if (!file) throw new PluginFailed(type, 'missing', `is not in ${binDirs.join(' or ')}`);
    const run = async () => {
      const input = {
        timeoutMs: Math.min(timeoutMs, timeLimitOf(invocation)),
        stdin: `${requestConfigOf(command, invocation)}\n`, // the pool's here-documents need a complete line
      };
      const early = 'early' in invocation ? invocation.early : undefined;
      const ending = early
        ? await early.run(input)
        : await exec({...input, file, env: environmentOf(command, invocation, binDirs), printsLittle});
      return stdoutOf(ending, type, command);
    };
    if (command === 'VERSION') return await versions(file, () => versionReplyOf(type, run));
    return command === 'ADD' ? resultOf(await run(), invocation) : await run();
  };
  return Object.assign(invoke, {startEarly: createStartEarly(options)});
};

const createStartEarly =
  ({startEarly, earlyTypes = new Set(), binDirs}: PluginOptions): StartEarly =>
  (command, invocation) => {
    const {type} = invocation.plugin;
    const file = earlyTypes.has(type) ? findPlugin(binDirs, type) : undefined;
    if (!file) return undefined;
    try {
      return startEarly?.({file, env: environmentOf(command, invocation, binDirs), printsLittle});
    } catch {
      return undefined; // the call itself reports an invalid parameter
    }
  };

const timeLimitOf = ({timeoutMs = Number.POSITIVE_INFINITY}: Invocation): number => timeoutMs;

/**
 * Limits several calls together: `timeLeft` is in ms, and a plugin is not started when no time is left. The timeout is
 * rounded to seconds, because it becomes part of an event, and Kubernetes aggregates events with equal texts.
 */
export const withinTime = (invoke: InvokePlugin, timeLeft: () => number): InvokePlugin =>
  wrapInvoke(invoke, async (command, invocation) => {
    const timeoutMs = timeLeft();
    if (timeoutMs > 0)
      return await invoke(command, {...invocation, timeoutMs: Math.ceil(timeoutMs / 1000) * 1000});
    throw new PluginFailed(
      invocation.plugin.type,
      'no-time',
      `was not called for ${command}: earlier plugins used up the time of this call`,
    );
  });

const stdoutOf = (ending: Ending, plugin: string, command: CniCommand): string => {
  switch (ending.kind) {
    case 'exited':
      if (ending.exitCode === 0 && !isErrorResult(ending.stdout)) return ending.stdout;
      throw new CniError(plugin, command, errorResultOf(ending));
    case 'signalled':
      throw new PluginFailed(plugin, 'killed', `was killed by ${ending.signal} during ${command}`);
    case 'timed-out':
      throw new PluginFailed(
        plugin,
        'timed-out',
        `did not finish ${command} within ${ending.ms} ms and was killed`,
      );
    case 'stopped':
      throw new PluginFailed(
        plugin,
        'stopped',
        `was killed during ${command} because the network runtime is stopping`,
      );
    case 'too-much-output':
      throw new PluginFailed(plugin, 'bad-result', `printed more than ${ending.limit} bytes`);
    case 'not-started':
      throw new PluginFailed(plugin, 'not-started', `could not be started: ${errorText(ending.error)}`);
  }
};

const resultOf = (stdout: string, {list, plugin}: Invocation): string => {
  try {
    const result = resultInVersion(stdout, list.cniVersion);
    refuseInvalidResult(result);
    return result;
  } catch (error) {
    if (!(error instanceof BadResult)) throw error;
    throw new PluginFailed(plugin.type, 'bad-result', `printed ${error.message}`);
  }
};
