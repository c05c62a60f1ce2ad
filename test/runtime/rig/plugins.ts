/** A plugin directory of real executables that act by plan, and what they were called with. */
import {mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const pluginFile = fileURLToPath(new URL('../fixtures/plugin.sh', import.meta.url));

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

/** What a plugin does call by call, as in `2*error(11,busy)->delay(50)->ok`; the last stays. */
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
  /** By `<plugin> <command>`; what is not planned succeeds. */
  readonly plan: (plan: Readonly<Record<string, Behaviour>>) => Promise<void>;
  /** Lets those on hold go on, and those that come by the same plan. */
  readonly release: () => Promise<void>;
  readonly calls: () => Promise<Call[]>;
  /** Beginnings and ends of calls, in order; only of those that ended by themselves. */
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
      // Plugins may be reading: they see the whole of either plan.
      await writeFile(join(dir, 'plan.new'), JSON.stringify({id: plans++, calls}));
      await rename(join(dir, 'plan.new'), join(dir, 'plan.json'));
    },
    release: () => writeFile(released, ''),
    calls: async () => (await lines('calls')).map((line) => JSON.parse(line) as Call),
    trace: () => lines('trace'),
    grandchildren: async () => (await lines('grandchildren')).map(Number),
    daemons: async () => (await lines('daemons')).map(Number),
    [Symbol.asyncDispose]: () => rm(dir, {recursive: true}),
  };
};

/** A conflist of these plugins. */
export const conflistOf = (plugins: Plugins, types: readonly string[], extra: object = {}): string =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: 'rig',
    plugins: types.map((type) => ({type, rig: plugins.dir, ...extra})),
  });

/** A process that has ended but that its parent has not noticed yet is not alive. */
export const isAlive = async (pid: number): Promise<boolean> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X');
  return !/^.*\) [ZX]/.test(stat);
};
