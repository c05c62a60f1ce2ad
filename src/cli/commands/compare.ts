/** compare: the same pods through CNI in containerd and through KNI, on one worker that is switched and switched back. */

import {hostAndDirs} from '../context.ts';
import {runComparison} from '../run-comparison.ts';
import {runLocked} from '../run-locked.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface CompareOptions {
  readonly name: string;
  readonly pods: number;
  readonly node?: string;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

export const compare = async (world: World, options: CompareOptions): Promise<void> => {
  const {name, json, lockTimeout} = options;
  const {note, record} = runOutput(world, json);
  const command = 'kni-demo compare';
  await runLocked(
    hostAndDirs(world).dirs,
    {command, lockTimeout, say: note, signal: world.signal},
    async () => {
      const result = await runComparison(world, {...options, command});
      record('result', {command: 'compare', exitCode: 0, cluster: name, ...result});
    },
  );
};
