/** `npm run bench:cli`: the speed of the command line. */
import {cp, readFile, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {dirsOf} from '../../../src/cache/dirs.ts';
import {nodesOf} from '../../../src/cluster/cluster.ts';
import type {Command, Host} from '../../../src/host/host.ts';
import {localHost} from '../../../src/host/process.ts';
import {loadStack} from '../../../src/stacks/load.ts';
import {withTools} from '../../../src/stages/lib/managed-engine.ts';
import {createCluster, deleteCluster, kindConfig} from '../../../src/tools/kind.ts';
import {compare, type Row, type Subject, table} from './measure.ts';
import {cliBenchOptions, usage} from './options.ts';

/** Returns the exit code. `scratch` is an empty directory for copies. */
export const main = async (
  args: readonly string[],
  root: string,
  scratch: string,
  signal: AbortSignal,
): Promise<number> => {
  try {
    const options = cliBenchOptions(args);
    if (options === undefined) {
      process.stdout.write(usage);
      return 0;
    }
    const {runs, name, edits, create, json} = options;
    const host = withTools(localHost(), dirsOf(process.env));
    const groups: Row[][] = [];
    const run = async (subjects: readonly Subject[], times: number): Promise<void> => {
      const rows = await compare(host, subjects, times, signal);
      process.stdout.write(
        `\n| what | runs | wall ms | CPU ms | CPU ratio |\n|---|---|---|---|---|\n${table(rows)}`,
      );
      groups.push([...rows]);
    };
    await run(startSubjects(root), runs);
    if (name !== undefined) await run([upSubject('up on a running cluster', root, name)], runs);
    if (name !== undefined && edits > 0) await run([await editSubject(root, scratch, name)], edits);
    if (create > 0) {
      const {prepare, subjects, cleanUp} = createClusters(root, scratch, host);
      try {
        await run(await subjects(await prepare()), create);
      } finally {
        await cleanUp();
      }
    }
    if (json !== undefined) await writeFile(json, `${JSON.stringify(groups, null, 2)}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`bench:cli: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof TypeError) return 2;
    return signal.aborted ? 130 : 1;
  }
};

const program = (root: string, ...args: readonly string[]): Command => [
  process.execPath,
  [join(root, 'bin/kni-demo.js'), ...args],
];

const startSubjects = (root: string): readonly Subject[] => [
  {what: 'node -e 0', command: [process.execPath, ['-e', '0']]},
  {what: '--version', command: program(root, '--version')},
  {what: '--help', command: program(root, '--help')},
];

const upSubject = (what: string, root: string, name: string): Subject => ({
  what,
  command: program(root, 'up', '--quiet', '--name', name),
});

/** A copy of the project whose network runtime changes before each run. */
const editSubject = async (root: string, scratch: string, name: string): Promise<Subject> => {
  const copy = join(scratch, 'project');
  for (const part of ['bin', 'dist', 'manifests', 'patches', 'runtime', 'package.json'])
    await cp(join(root, part), join(copy, part), {recursive: true});
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const file = join(copy, 'runtime/src/main.ts');
  const source = await readFile(file, 'utf8');
  return {
    ...upSubject('an edited network runtime until the proof', copy, name),
    before: () => writeFile(file, `${source}// ${Date.now()}\n`),
  };
};

const createdName = 'bench-cli';

/** A new cluster with everything built, and kind alone with the image of that cluster. */
const createClusters = (root: string, scratch: string, host: Host) => {
  const bareName = `${createdName}-kind`;
  const kubeconfig = join(scratch, 'kubeconfig');
  const cleanUp = async (): Promise<void> => {
    await host.run(deleteCluster(bareName, kubeconfig));
    await host.run(program(root, 'down', '--name', createdName, '--yes'));
  };
  return {
    cleanUp,
    /** Builds everything. Returns the node image. */
    prepare: async (): Promise<string> => {
      await host.run(upSubject('', root, createdName).command);
      const [node] = await nodesOf(host, createdName);
      if (node === undefined) throw new Error(`cluster ${createdName} has no nodes`);
      return node.image;
    },
    subjects: async (nodeImage: string): Promise<readonly Subject[]> => {
      const {cluster: network} = await loadStack('bookworm', join(root, 'manifests/stacks'));
      const spec = {name: bareName, workers: 1, nodeImage, owner: scratch, network};
      const bare = createCluster(bareName, kubeconfig);
      return [
        {what: 'kind create cluster', command: bare, input: kindConfig(spec), before: cleanUp},
        {...upSubject('up, everything built', root, createdName), before: cleanUp},
      ];
    },
  };
};
