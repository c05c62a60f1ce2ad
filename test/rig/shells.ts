/** Finds real shells, fetching Debian packages into a cache when they are not installed. */
import {mkdir, readdir} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {exists, fetchPackage, namesIn} from './node/tools.ts';

export interface Shell {
  readonly program: string;
  /** Environment that an unpacked shell needs to find its files. */
  readonly env: Readonly<Record<string, string>>;
}

export const findShell = async (name: 'zsh' | 'fish'): Promise<Shell> => {
  for (const dir of (process.env['PATH'] ?? '').split(':'))
    if (await exists(join(dir, name))) return {program: join(dir, name), env: {}};
  return name === 'zsh' ? unpackedZsh() : unpackedFish();
};

/** The static one has its modules built in: zsh ignores a MODULE_PATH of the environment. */
export const unpackedZsh = async (): Promise<Shell> => {
  const functions = join(await fetchPackage('zsh-common'), 'usr/share/zsh/functions');
  const files = await readdir(functions, {recursive: true, withFileTypes: true});
  const directories = new Set(files.filter((each) => each.isFile()).map((each) => each.parentPath));
  return {
    program: join(await fetchPackage('zsh-static'), 'bin/zsh-static'),
    env: {FPATH: [...directories].join(':')},
  };
};

/** It finds `../share/fish` beside its program if `../etc/fish` exists, too. The package has that in another place. */
export const unpackedFish = async (): Promise<Shell> => {
  const program = join(await fetchPackage('fish'), 'usr/bin/fish');
  await mkdir(join(dirname(program), '../etc/fish'), {recursive: true});
  const libraries = join(dirname(program), '../lib');
  const directories = (await namesIn(libraries)).map((name) => join(libraries, name));
  return {program, env: {LD_LIBRARY_PATH: directories.join(':')}};
};
