/** host: one task for each requirement, in order, since an engine must be unpacked before it can be started. */

import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import type {Machine} from '../../host/machine.ts';
import {quoteCommand} from '../../host/quote.ts';
import type {DemoTask} from '../context.ts';
import {explain} from '../lib/explain.ts';
import {type Finding, type Requirement, resumes} from '../lib/requirement.ts';
import {requirements} from './requirements.ts';

const taskOf = (requirement: Requirement, index: number): DemoTask => ({
  id: requirement.id,
  title: requirement.title,
  needs: requirements.slice(0, index).map(({id}) => id),
  async done(context, {signal}) {
    const finding = await requirement.look(context, signal);
    return finding.is === 'missing' ? undefined : finding.says;
  },
  async run(context, {signal, log}) {
    const finding = await requirement.look(context, signal);
    if (finding.is !== 'missing') return;
    if ('advice' in finding.remedy || !(context.mayInstall || resumes(finding.remedy)))
      throw lacking([{requirement, finding}], context.machine);
    await finding.remedy.record?.();
    for (const command of finding.remedy.commands) {
      log(`$ ${quoteCommand(command)}`);
      await context.host.run(command, {signal, onLine: log}).catch(explain);
    }
    await requirement.settle?.(context, signal);
  },
});

export const hostTasks: readonly DemoTask[] = requirements.map(taskOf);
export const hostTaskIds: readonly string[] = hostTasks.map(({id}) => id);

export interface Lacking {
  readonly requirement: Requirement;
  readonly finding: Extract<Finding, {is: 'missing'}>;
}

/** All that is missing at once, with the exact commands. */
export const lacking = (all: readonly Lacking[], {isRoot}: Pick<Machine, 'isRoot'>): UserError => {
  const advice = [
    ...new Set(all.flatMap(({finding: {remedy}}) => ('advice' in remedy ? [remedy.advice] : []))),
  ];
  const commands = all.flatMap(({finding: {remedy}}) =>
    'commands' in remedy ? remedy.commands.map(quoteCommand) : [],
  );
  const needsRoot = all.some(({finding: {remedy}}) => 'commands' in remedy && remedy.needsRoot);
  return new UserError({
    what: 'this machine lacks something that the demo needs',
    why: all.map(({requirement, finding}) => `${requirement.name}: ${finding.says}`).join('\n'),
    tryThis: [
      ...advice,
      ...(commands.length === 0
        ? []
        : [
            `let \`kni-demo up --yes\`${needsRoot && !isRoot ? ' as root' : ''} run these commands, or run them yourself:`,
          ]),
      ...commands.map((command) => `  ${command}`),
    ].join('\n'),
    exitCode: exitCodes.hostLacks,
  });
};

/** What --yes cannot do without root, said before anything is run. */
export const needsRoot = (
  all: readonly Lacking[],
  {isRoot}: Pick<Machine, 'isRoot'>,
): UserError | undefined =>
  isRoot || !all.some(({finding: {remedy}}) => 'commands' in remedy && remedy.needsRoot)
    ? undefined
    : new UserError({
        what: 'root is needed to install or start what is missing',
        why: all.map(({requirement, finding}) => `${requirement.name}: ${finding.says}`).join('\n'),
        // The same once more; root may have another PATH, without this Node.js.
        tryThis: `run it as root: ${quoteCommand(['sudo', [process.execPath, ...process.argv.slice(1)]])}`,
        exitCode: exitCodes.hostLacks,
      });
