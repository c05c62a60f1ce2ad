/** A plugin directory with real executables that follow a plan and record their calls. */
import {mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {isAlive} from '../processes.ts';

const pluginFile = fileURLToPath(new URL('./fixtures/plugin.sh', import.meta.url));

type Name =
  | 'ok'
  | 'error'
  | 'error-exit-0'
  | 'exit'
  | 'exit-stdout'
  | 'signal'
  | 'delay'
  | 'hang'
  | 'fork-hang'
  | 'daemon'
  | 'bad-json'
  | 'partial'
  | 'null'
  | 'print'
  | 'no-interfaces'
  | 'no-version'
  | 'other-version'
  | 'huge'
  | 'binary-stderr'
  | 'no-stdin'
  | 'versions'
  | 'no-versions'
  | 'hold';

type Step = Name | `${Name}(${string})`;

/** The behaviour of a plugin call by call, as in `2*error(11,busy)->delay(50)->ok`; the last one stays. */
export type Behaviour = Step | `${number}*${Step}` | `${Step}->${string}` | `${number}*${Step}->${string}`;

export interface Call {
  /** `<plugin> <command>` */
  readonly call: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly pid: number;
}

export interface Plugins extends AsyncDisposable {
  readonly binDir: string;
  readonly dir: string;
  /** By `<plugin> <command>`; calls without a plan succeed. */
  readonly plan: (plan: Readonly<Record<string, Behaviour>>) => Promise<void>;
  /** Runs all calls in Node.js. The shell script reads only JSON that our executor has written. */
  readonly runInNode: () => Promise<void>;
  /** Releases the calls on hold, and later calls of the same plan. */
  readonly release: () => Promise<void>;
  readonly calls: () => Promise<Call[]>;
  /** Beginnings and ends of calls, in order. A killed call has no end. */
  readonly trace: () => Promise<string[]>;
  readonly grandchildren: () => Promise<number[]>;
  readonly daemons: () => Promise<number[]>;
}

export const installPlugins = async (names: readonly string[], parent = tmpdir()): Promise<Plugins> => {
  const dir = await mkdtemp(join(parent, 'kni-plugins-'));
  const binDir = join(dir, 'bin');
  await mkdir(binDir);
  for (const name of names) await symlink(pluginFile, join(binDir, name));
  const lines = async (name: string) =>
    (await readFile(join(dir, name), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  const released = join(dir, 'released');
  let plans = 0;
  return {
    binDir,
    dir,
    plan: async (calls) => {
      if (Object.values(calls).includes('hold')) await rm(released, {force: true});
      // Renamed, since a plugin may be reading the plan.
      await writeFile(join(dir, 'plan.new'), JSON.stringify({id: plans++, calls}));
      await rename(join(dir, 'plan.new'), join(dir, 'plan.json'));
    },
    runInNode: () => writeFile(join(dir, 'in-node'), ''),
    release: () => writeFile(released, ''),
    calls: async () => (await lines('calls')).map((line) => JSON.parse(line) as Call),
    trace: () => lines('trace'),
    grandchildren: async () => (await lines('grandchildren')).map(Number),
    daemons: async () => (await lines('daemons')).map(Number),
    // A plugin that still runs may write a file in between.
    [Symbol.asyncDispose]: () => rm(dir, {recursive: true, maxRetries: 10}),
  };
};

/** A conflist of these plugins. */
export const conflistOf = (plugins: Plugins, types: readonly string[], extra: object = {}): string =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: 'rig',
    plugins: types.map((type) => ({type, rig: plugins.dir, ...extra})),
  });

/** The ids of the processes of a plugin, called or not. */
export const processesOf = async ({binDir}: Pick<Plugins, 'binDir'>, plugin: string): Promise<number[]> => {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((pid, index) => commands[index]?.includes(`${binDir}/${plugin}\0`) && isAlive(pid));
};
