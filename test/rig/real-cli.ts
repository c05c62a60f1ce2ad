/** Runs the program as a separate process, with pipes or in a pseudo-terminal, without a docker engine. */

import {cp, symlink} from 'node:fs/promises';
import {join} from 'node:path';
import {localHost} from '../../src/host/process.ts';
import {quoteCommand} from '../../src/host/quote.ts';
import {project} from '../../src/project.ts';
import {type TempDir, tempDir} from './temp-dir.ts';

export interface RealCli extends AsyncDisposable {
  readonly dir: TempDir;
  /** The program with these arguments, as a line of shell. */
  line(...args: readonly string[]): string;
  /** Runs a line of shell with pipes. Returns its output, also if it fails, and its exit code. */
  shell(line: string, env?: Readonly<Record<string, string>>): Promise<ShellResult>;
  /** Runs a line of shell in a pseudo-terminal of this many columns. Returns what the terminal got. */
  terminal(line: string, columns?: number): Promise<ShellResult>;
}

export interface ShellResult {
  readonly code: number;
  /** Standard output, or all that the terminal got. */
  readonly stdout: string;
  /** Empty for a terminal. */
  readonly stderr: string;
}

/** A checkout whose program is built from the current sources. No docker engine answers there. */
export const realCli = async (): Promise<RealCli> => {
  const dir = await tempDir();
  for (const name of [
    'dns',
    'docs',
    'examples',
    'manifests',
    'node_modules',
    'patches',
    'runtime',
    'src',
    'package.json',
  ])
    await symlink(join(project.root, name), dir.join(name));
  for (const name of ['bin', 'build.js'])
    await cp(join(project.root, name), dir.join(name), {recursive: true});
  await localHost().run([process.execPath, ['build.js']], {cwd: dir.path});
  const base = {
    XDG_CACHE_HOME: dir.join('cache'),
    XDG_STATE_HOME: dir.join('state'),
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
    FORCE_COLOR: undefined,
    NO_COLOR: undefined,
  };
  const shell: RealCli['shell'] = async (line, env = {}) => {
    const script = `{ ${line}\n} 2>${dir.join('stderr')}; echo "[exit $?]"; cat ${dir.join('stderr')}`;
    const {stdout} = await localHost().run(['bash', ['-c', script]], {env: {...base, ...env}, cwd: dir.path});
    const [out = '', code = '', err = ''] = stdout.split(/\[exit (\d+)\](?:\n|$)/);
    return {code: Number(code), stdout: out, stderr: err};
  };
  return {
    dir,
    line: (...args) => quoteCommand([process.execPath, [dir.join('bin/kni-demo.js'), ...args]]),
    shell,
    async terminal(line, columns = 80) {
      const inside = `stty cols ${columns} rows 24; ${line}`;
      const {code, stdout} = await shell(quoteCommand(['script', ['-qec', inside, '/dev/null']]), {
        TERM: 'xterm',
      });
      return {code, stdout, stderr: ''};
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
};
