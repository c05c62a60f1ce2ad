/** The program of a network runtime: one file, which is copied to each node. */

import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {basename, extname, join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {userRuntimePaths} from '../cluster/user-runtime.ts';
import type {Host} from '../host/host.ts';
import {copyIntoContainer} from '../tools/docker.ts';
import {type BuildOptions, buildProject, programName} from './build.ts';
import type {RuntimeSource} from './project.ts';

export interface Program {
  /** Where it is on this machine. */
  readonly file: string;
  /** The path that the user gave, made absolute. */
  readonly source: string;
  /** The first digits of its sha256, or `dev`. */
  readonly id: string;
  /** Its name on the node. */
  readonly name: string;
  readonly isScript: boolean;
}

/** Builds a project in `directory`. Throws UserError if it does not compile. */
export const programOf = async (
  source: RuntimeSource,
  directory: string,
  options: BuildOptions,
): Promise<Program> => {
  if (source.kind === 'typescript' || source.kind === 'go') {
    const name = programName(source);
    const file = join(directory, name);
    await buildProject(source, file, options);
    const isScript = source.kind === 'typescript';
    return {file, source: source.directory, id: await digestOf(file), name, isScript};
  }
  const {file} = source;
  const isScript = source.kind === 'script';
  const name = isScript ? `runtime${extname(file)}` : 'runtime';
  return {file, source: file, id: await digestOf(file), name, isScript};
};

const digestOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256').update(basename(file));
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex').slice(0, 12);
};

export interface Installation {
  /** Runs docker. */
  readonly host: Host;
  readonly node: string;
  readonly program: Program;
}

/** Copies the program into a directory on the node, without running it. The file gets its name only when it is complete. */
export const installProgram = async (
  {host, node, program}: Installation,
  onNode: Host,
  signal: AbortSignal,
): Promise<void> => {
  const directory = `${userRuntimePaths.programs}/${program.id}`;
  const target = `${directory}/${program.name}`;
  await onNode.run(['mkdir', ['-p', directory]], {signal, timeout: 20_000});
  await host.run(copyIntoContainer(program.file, node, `${target}.new`), {signal});
  const script = 'chown root:root "$1.new" && chmod 755 "$1.new" && mv -f "$1.new" "$1"';
  await onNode.run(['sh', ['-c', script, 'sh', target]], {signal, timeout: 20_000});
};
