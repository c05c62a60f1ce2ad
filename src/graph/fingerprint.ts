/** A task's fingerprint: the digest of everything that its result depends on, directly or through its needs. */

import {createHash} from 'node:crypto';
import {canonicalJson} from './canonical-json.ts';
import type {Plan} from './plan.ts';
import type {TaskId} from './task.ts';

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
  const inputs = await Promise.all(
    tasks.map(async (task) => {
      try {
        return canonicalJson((await task.inputs?.(context)) ?? null);
      } catch (error) {
        throw new InputsError(task.id, error);
      }
    }),
  );
  const fingerprints = new Map<TaskId, string>();
  // The plan lists needs first, so their fingerprints are known already.
  for (const [index, {id, needs}] of tasks.entries()) {
    const ofNeeds = [...needs].sort().map((need) => fingerprints.get(need) ?? null);
    fingerprints.set(
      id,
      sha256(`{"id":${JSON.stringify(id)},"inputs":${inputs[index]},"needs":${canonicalJson(ofNeeds)}}`),
    );
  }
  return (id) => {
    const fingerprint = fingerprints.get(id);
    if (fingerprint === undefined) throw new RangeError(`no task is called ${id}`);
    return fingerprint;
  };
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
