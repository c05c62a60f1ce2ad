/** The environment of a run: test nodes and a directory on a disk, which are removed afterwards. */
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {startTestNode, type TestNode} from '../rig/node/test-node.ts';

export interface Nodes extends AsyncDisposable {
  readonly start: () => Promise<TestNode>;
}

export const openNodes = (env: Readonly<Record<string, string>>): Nodes => {
  const started: TestNode[] = [];
  return {
    start: async () => {
      const node = await startTestNode(env);
      started.push(node);
      return node;
    },
    [Symbol.asyncDispose]: async () => {
      for (const node of started.toReversed()) await node[Symbol.asyncDispose]();
    },
  };
};

export interface Disk extends AsyncDisposable {
  /** Makes a directory; returns its path. */
  readonly dir: (name: string) => Promise<string>;
}

/** Not below /run, which is a memory of the node's own there. */
export const openDisk = async (): Promise<Disk> => {
  const root = await mkdtemp(join(tmpdir(), 'kni-bench-'));
  return {
    dir: async (name) => {
      const path = join(root, name);
      await mkdir(path, {mode: 0o700});
      return path;
    },
    [Symbol.asyncDispose]: () => rm(root, {recursive: true, force: true}),
  };
};
