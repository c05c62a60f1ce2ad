/** The benchmarks of the dashboard's page. */

import {parseArgs} from 'node:util';
import {measureFrames} from './frames.ts';
import {measureMemory} from './memory.ts';

export const main = async (): Promise<void> => {
  const {values} = parseArgs({options: {minutes: {type: 'string'}}});
  const {minutes} = values;
  if (minutes === undefined) return measureFrames();
  if (!(Number(minutes) > 0)) throw new Error(`invalid number of minutes: ${minutes}`);
  return measureMemory(Number(minutes));
};
