/** doctor: checks this machine and the user's clusters, and repairs what is safe to repair. */

import {type CheckResult, clusterChecks, machineChecks, requirementChecks} from '../../doctor/checks.ts';
import {networkCheck} from '../../doctor/network.ts';
import {orphanChecks} from '../../doctor/orphans.ts';
import {portCheck} from '../../doctor/ports.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import {quoteCommand} from '../../host/quote.ts';
import {defaultStack} from '../../stacks/default-stack.ts';
import {surveyHost} from '../../stages/host/survey.ts';
import {gatherStatus} from '../../status/gather.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {demoContext} from '../context.ts';
import {SilentExit} from '../report.ts';
import type {World} from '../world.ts';
import {tagOfRuntime} from './status.ts';

export interface DoctorOptions {
  readonly fix?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const marks = {ok: '+', warning: '!', problem: '-'} as const;

/** Throws SilentExit (exit code `hostLacks`) when there is a problem. Warnings do not change the exit code. */
export const doctor = async (
  world: World,
  {fix = false, yes = false, json = false}: DoctorOptions,
): Promise<void> => {
  const {signal, stdout} = world;
  const checks = await examine(world);
  const write = lineWriter(stdout);
  if (json) write(JSON.stringify({checks: checks.map((check) => ({...check, safe: undefined}))}));
  else for (const line of textOf(checks, world)) write(line);
  if (fix) await repair(checks, world, {yes, say: json ? lineWriter(world.stderr) : write});
  signal.throwIfAborted();
  if (checks.some(({kind}) => kind === 'problem')) throw new SilentExit(exitCodes.hostLacks);
};

const examine = async (world: World): Promise<readonly CheckResult[]> => {
  const {signal, env} = world;
  const context = await demoContext(world, {stack: defaultStack});
  const survey = requirementChecks(await surveyHost(context, signal));
  const machine = [...(await machineChecks(context, env, signal)), await networkCheck(context.host, signal)];
  try {
    const status = await gatherStatus(context, {runtimeTag: tagOfRuntime(world), signal});
    return [
      ...survey,
      ...machine,
      await portCheck(context.host, status, signal),
      ...clusterChecks(status),
      ...(await orphanChecks(context.host, status, signal)),
    ];
  } catch (error) {
    // Without docker no cluster can be checked; the survey already reports docker.
    if (!(error instanceof UserError)) throw error;
    return [...survey, ...machine];
  }
};

const textOf = (checks: readonly CheckResult[], {stdout}: World): readonly string[] => {
  const paint = paletteOf(stdout);
  const colours = {ok: paint.green, warning: paint.yellow, problem: paint.red};
  const width = Math.max(...checks.map(({name}) => name.length));
  return checks.flatMap(({name, kind, message, fix}) => [
    `${colours[kind](marks[kind])} ${name.padEnd(width)}  ${message}`,
    ...(fix ?? '').split('\n').flatMap((line) => (line === '' ? [] : [`    ${line}`])),
  ]);
};

const repair = async (
  checks: readonly CheckResult[],
  world: World,
  {yes, say}: {readonly yes: boolean; readonly say: (line: string) => void},
): Promise<void> => {
  const {host, signal} = world;
  const commands = checks.flatMap(({safe = []}) => safe);
  if (commands.length === 0) return say('nothing that is safe to fix');
  for (const command of commands) say(`would run: ${quoteCommand(command)}`);
  if (!yes && !(await world.confirm('Run these commands?'))) {
    throw new UserError({
      code: 'KNI-E214',
      what: 'nothing was fixed',
      why: 'you did not confirm',
      tryThis: 'run it again and answer y, or pass --yes',
    });
  }
  for (const command of commands) {
    await host.run(command, {signal});
    say(`ran: ${quoteCommand(command)}`);
  }
};
