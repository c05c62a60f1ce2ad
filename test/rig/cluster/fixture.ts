/** Brings up the cluster or the images that a chapter needs, so that each chapter can run alone, in any order. */

import {afterAll, beforeAll, beforeEach, expect} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {nodeImage} from '../../../src/stages/build/node-image.ts';
import {until} from '../wait.ts';
import {builder} from './builder.ts';
import {controlPlane, kubectl, lent, named, onNode, worker} from './cluster.ts';
import {kniDemo} from './kni-demo.ts';
import {sample} from './pods.ts';

/**
 * Brings the cluster up, which takes seconds if it is up already. Afterwards removes the pods and network definitions that
 * the chapter has left behind, so that a failed chapter does not disturb the next one.
 */
export const useCluster = (): void => {
  useClusterOnce();
  let before: readonly string[] = [];
  beforeAll(async () => {
    before = await objects();
  });
  afterAll(async () => {
    const left = (await objects()).filter((name) => !before.includes(name));
    if (left.length === 0) return;
    await kubectl('delete', ...left, '--wait=false', '--ignore-not-found');
    await until('the objects of the chapter to be gone', async () => {
      const now = await objects();
      return left.every((name) => !now.includes(name));
    });
  });
};

/** The same for a chapter that removes the cluster: there is nothing to clean up in it. */
export const useClusterOnce = (): void => {
  beforeAll(up);
  beforeEach(({onTestFailed}) => onTestFailed(dump));
};

/** Makes sure that the images of the stack are built, up to the given one. It brings the cluster up only if they are not. */
export const useImages = (last: string = nodeImage.id): void => {
  beforeAll(async () => {
    if (!(await (await builder()).hasImage(last))) await up();
  });
};

const up = async (): Promise<void> => {
  const stack = lent ? [] : ['--stack', 'bookworm'];
  const ended = await kniDemo('up', '--yes', '--quiet', ...stack, ...named);
  expect(ended).toMatchObject({exitCode: exitCodes.ok, stderr: ''});
};

/** Pods and network definitions of the default namespace, as `kind/name`. */
const objects = async (): Promise<readonly string[]> => {
  const printed = await kubectl('get', 'pods,network-attachment-definitions', '-o', 'name');
  return printed.split('\n').filter((name) => name !== '' && name !== `pod/${sample}`);
};

/** Prints what one needs to explain a failure with CI's output alone. */
export const dump = async (): Promise<void> => {
  for (const node of [controlPlane, worker]) {
    const journal = await onNode(
      node,
      'journalctl',
      '-u',
      'kni',
      '-u',
      'kubelet',
      '--no-pager',
      '-n',
      '60',
    ).catch(String);
    process.stderr.write(`--- ${node}\n${journal}\n`);
  }
  process.stderr.write(`${await kubectl('get', 'pods,events', '-A', '-o', 'wide').catch(String)}\n`);
};
