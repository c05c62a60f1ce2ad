/** A plugin directory of real executables that act by plan, and what they were called with. */
import {mkdir, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const pluginFile = fileURLToPath(new URL('../fixtures/plugin.mjs', import.meta.url));

export type Behaviour =
  | 'ok'
  | 'error'
  | 'exit'
  | 'signal'
  | 'hang'
  | 'fork-hang'
  | 'bad-json'
  | 'null'
  | 'no-version'
  | 'other-version'
  | 'huge'
  | 'hold';

export interface Call {
  /** `<plugin> <command>` */
  readonly call: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

export interface Plugins extends AsyncDisposable {
  readonly binDir: string;
  /** Goes into the plugin's configuration as `rig`. */
  readonly dir: string;
  readonly plan: (plan: Readonly<Record<string, Behaviour>>) => Promise<void>;
  /** Lets those on hold go on. */
  readonly release: () => Promise<void>;
  readonly calls: () => Promise<Call[]>;
  readonly grandchildren: () => Promise<number[]>;
}

export const installPlugins = async (names: readonly string[], parent = tmpdir()): Promise<Plugins> => {
  const dir = await mkdtemp(join(parent, 'kni-plugins-'));
  const binDir = join(dir, 'bin');
  await mkdir(binDir);
  for (const name of names) await symlink(pluginFile, join(binDir, name));
  const lines = async (name: string) =>
    (await readFile(join(dir, name), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return {
    binDir,
    dir,
    plan: (plan) => writeFile(join(dir, 'plan.json'), JSON.stringify(plan)),
    release: () => writeFile(join(dir, 'released'), ''),
    calls: async () => (await lines('calls')).map((line) => JSON.parse(line) as Call),
    grandchildren: async () => (await lines('grandchildren')).map(Number),
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
