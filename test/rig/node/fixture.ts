/**
 * Test nodes with a running network runtime for all tests of a file. `stop` ends them; a `beforeAll` returns it to run after
 * the tests.
 */
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {inject} from 'vitest';
import {installChain} from './chain.ts';
import {startNode, type TestNode} from './node.ts';
import {rememberNodes, startRuntime} from './runtime.ts';

/** Values that the node has as JSON before the runtime starts, by path. */
type Files = Readonly<Record<string, unknown>>;

export const startNodeWithRuntime = async (flags: readonly string[] = [], files: Files = {}) => {
  const node = await startNode();
  await rememberNodes(node);
  await writeFiles(node, files);
  const runtime = await startRuntime(node, flags);
  return {node, runtime, stop: () => node[Symbol.asyncDispose]()};
};

/** The last plugin of the node's network follows a plan of the test. */
export const startNodeWithChain = async (flags: readonly string[] = [], files: Files = {}) => {
  const node = await startNode();
  await rememberNodes(node);
  await writeFiles(node, files);
  const chain = await installChain(node);
  const runtime = await startRuntime(node, [...chain.flags(inject('tools').pluginDir), ...flags]);
  const stop = async (): Promise<void> => {
    await node[Symbol.asyncDispose]();
    await chain[Symbol.asyncDispose]();
  };
  return {node, chain, runtime, stop};
};

const writeFiles = async (node: TestNode, files: Files): Promise<void> => {
  for (const [path, value] of Object.entries(files)) {
    await mkdir(dirname(node.path(path)), {recursive: true});
    await writeFile(node.path(path), JSON.stringify(value));
  }
};
