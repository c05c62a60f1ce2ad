/**
 * Test nodes with a running network runtime for all tests of a file. `stop` ends them; a `beforeAll` returns it to run after
 * the tests.
 */
import {inject} from 'vitest';
import {installChain} from './chain.ts';
import {startNode} from './node.ts';
import {rememberNodes, startRuntime} from './runtime.ts';

export const startNodeWithRuntime = async (flags: readonly string[] = []) => {
  const node = await startNode();
  await rememberNodes(node);
  const runtime = await startRuntime(node, flags);
  return {node, runtime, stop: () => node[Symbol.asyncDispose]()};
};

/** The last plugin of the node's network follows a plan of the test. */
export const startNodeWithChain = async (flags: readonly string[] = []) => {
  const node = await startNode();
  await rememberNodes(node);
  const chain = await installChain(node);
  const runtime = await startRuntime(node, [...chain.flags(inject('tools').pluginDir), ...flags]);
  const stop = async (): Promise<void> => {
    await node[Symbol.asyncDispose]();
    await chain[Symbol.asyncDispose]();
  };
  return {node, chain, runtime, stop};
};
