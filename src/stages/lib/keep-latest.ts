/** Keeps only the newest artifact of a task: builds of own sources would soon fill the disk. */

import {pruneArtifacts} from '../../cache/inventory.ts';
import type {DemoTask} from '../context.ts';
import {artifactOf} from './products.ts';

export const keepLatest = (task: DemoTask): DemoTask => ({
  ...task,
  async run(context, running) {
    await task.run(context, running);
    await pruneArtifacts([artifactOf(task.id, context, {fingerprintOf: () => running.fingerprint})]);
  },
});
