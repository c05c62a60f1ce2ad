/** Errors for requirements that are not met. */

import {UserError} from '../../errors.ts';
import type {Machine} from '../../host/machine.ts';
import {quoteCommand} from '../../host/quote.ts';
import type {Finding, Requirement} from './requirement.ts';

export interface MissingRequirement {
  readonly requirement: Requirement;
  readonly finding: Extract<Finding, {kind: 'missing'}>;
}

/** Lists everything that is missing, with the commands that install it. */
export const missingError = (
  all: readonly MissingRequirement[],
  {isRoot}: Pick<Machine, 'isRoot'>,
): UserError => {
  const remedies = all.map(({finding}) => finding.remedy);
  const advice = new Set(remedies.flatMap((remedy) => (remedy.kind === 'advice' ? [remedy.advice] : [])));
  const commands = remedies.flatMap((remedy) => (remedy.kind === 'commands' ? remedy.commands : []));
  const asRoot = someNeedRoot(all) && !isRoot ? ' as root' : '';
  return new UserError({
    what: 'this machine does not meet the requirements of the demo',
    why: linesOf(all),
    tryThis: [
      ...advice,
      ...(commands.length === 0
        ? []
        : [`let \`kni-demo up --yes\`${asRoot} run these commands, or run them yourself:`]),
      ...commands.map((command) => `  ${quoteCommand(command)}`),
    ].join('\n'),
    code: 'KNI-E301',
  });
};

/** For `--yes` without root, before any command has run. */
export const needsRootError = (
  all: readonly MissingRequirement[],
  {isRoot}: Pick<Machine, 'isRoot'>,
): UserError | undefined => {
  if (isRoot || !someNeedRoot(all)) return undefined;
  // root may have another PATH, without this Node.js.
  const command = quoteCommand(['sudo', [process.execPath, ...process.argv.slice(1)]]);
  return new UserError({
    what: 'root is needed to install or start what is missing',
    why: linesOf(all),
    tryThis: `run it as root: ${command}`,
    code: 'KNI-E302',
  });
};

const someNeedRoot = (all: readonly MissingRequirement[]): boolean =>
  all.some(({finding: {remedy}}) => remedy.kind === 'commands' && remedy.needsRoot);

const linesOf = (all: readonly MissingRequirement[]): string =>
  all.map(({requirement, finding}) => `${requirement.name}: ${finding.message}`).join('\n');
