/** The task of a requirement: runs the remedy if the requirement is not met. */

import {quoteCommand} from '../../host/quote.ts';
import type {DemoTask} from '../context.ts';
import {explain} from '../lib/explain.ts';
import {missingError} from '../lib/missing-requirements.ts';
import {type Requirement, resumes} from '../lib/requirement.ts';
import {requirementIds} from './requirements.ts';

export const hostTask = (requirement: Requirement): DemoTask => ({
  id: requirement.id,
  title: requirement.title,
  // One after the other: an engine is unpacked before it is started.
  needs: requirementIds.slice(0, requirementIds.indexOf(requirement.id)),
  async done(context, {signal}) {
    const finding = await requirement.check(context, signal);
    return finding.kind === 'missing' ? undefined : finding.message;
  },
  async run(context, {signal, log}) {
    const finding = await requirement.check(context, signal);
    if (finding.kind !== 'missing') return;
    const {remedy} = finding;
    if (remedy.kind === 'advice' || !(context.mayInstall || resumes(remedy)))
      throw missingError([{requirement, finding}], context.machine);
    await remedy.record?.();
    for (const command of remedy.commands) {
      log(`$ ${quoteCommand(command)}`);
      await context.host.run(command, {signal, onLine: log}).catch(explain);
    }
    await requirement.waitUntilReady?.(context, signal);
  },
});
