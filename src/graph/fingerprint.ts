/** A task's fingerprint: the digest of everything that its result depends on, directly or through its needs. */

import {createHash} from 'node:crypto';
import {canonicalJson} from './canonical-json.ts';
import type {Plan} from './plan.ts';
import type {Task, TaskId} from './task.ts';

/** Throws RangeError for a task that is not in the plan. */
export type FingerprintOf = (id: TaskId) => string;

/** A task's `inputs` threw, or returned a value that is not JSON. `cause` is the original error. */
export class InputsError extends Error {
  override readonly name = 'InputsError';
  readonly task: TaskId;

  constructor(task: TaskId, cause: unknown) {
    super(`cannot read the inputs of ${task}`, {cause});
    this.task = task;
  }
}

/** Computes the fingerprint of every task: 64 hexadecimal digits. Rejects with InputsError. */
export const fingerprintsOf = async <Context>(
  plan: Plan<Context>,
  context: Context,
): Promise<FingerprintOf> => {
  const tasks = [...plan.tasks.values()];
  const inputs = await Promise.all(tasks.map((task) => inputsOf(task, context)));
  const fingerprints = new Map<TaskId, string>();
  // The plan lists needs first, so their fingerprints are known already.
  for (const [index, {id, needs}] of tasks.entries()) {
    const ofNeeds = [...needs].sort().map((need) => fingerprints.get(need) ?? null);
    fingerprints.set(id, fingerprint(id, inputs[index], ofNeeds));
  }
  return (id) => {
    const found = fingerprints.get(id);
    if (found === undefined) throw new RangeError(`no task is called ${id}`);
    return found;
  };
};

/** Whether the task's inputs are still those of its fingerprint: the user may have changed a file since. Rejects with InputsError. */
export const areInputsSame = async <Context>(
  task: Task<Context>,
  context: Context,
  fingerprintOf: FingerprintOf,
): Promise<boolean> => {
  if (task.inputs === undefined) return true;
  const ofNeeds = [...task.needs].sort().map(fingerprintOf);
  return fingerprint(task.id, await inputsOf(task, context), ofNeeds) === fingerprintOf(task.id);
};

const inputsOf = async <Context>(task: Task<Context>, context: Context): Promise<string> => {
  try {
    return canonicalJson((await task.inputs?.(context)) ?? null);
  } catch (error) {
    throw new InputsError(task.id, error);
  }
};

const fingerprint = (id: TaskId, inputs: string | undefined, ofNeeds: readonly (string | null)[]): string =>
  sha256(`{"id":${JSON.stringify(id)},"inputs":${inputs},"needs":${canonicalJson(ofNeeds)}}`);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
