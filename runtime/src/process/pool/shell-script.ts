/**
 * What a shell is told, so that it starts a program as it would have been started without one. POSIX, no more; and a
 * simple command without a subshell or pipeline, for which dash and busybox need vfork(2) only: half the time.
 */
import {accessSync, constants, statSync} from 'node:fs';
import {join} from 'node:path';
import type {Command} from '../command.ts';

/** Writing this much to a pipe never waits for a reader (pipe(7)); a program need not read its stdin. */
const stdinLimit = 60_000;
/** Set by a shell on its own account. */
const ownVariables = ['PWD', 'OLDPWD', 'SHLVL'];

/** The path of the program, if a shell can be told all of the command: it has no path for what is built into it. */
export const tellable = (command: Command, path: string): string | undefined => {
  const {file, args = [], stdin = '', env = {}} = command;
  const isFit =
    isKnownToShells(env) &&
    [file, ...args, ...Object.values(env), stdin].every((text) => !text.includes('\0')) &&
    (stdin === '' || stdin.endsWith('\n')) && // a here-document consists of lines
    Buffer.byteLength(stdin) <= stdinLimit;
  if (!isFit) return undefined;
  const places = file.includes('/') ? [file] : (env['PATH'] ?? path).split(':').map((dir) => join(dir, file));
  return places.find(isExecutable);
};

/** A shell drops variables with other names. */
export const isKnownToShells = (env: Readonly<Record<string, string>>): boolean =>
  Object.keys(env).every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return file.includes('/') && statSync(file).isFile();
  } catch {
    return false;
  }
};

export interface ScriptParts {
  readonly command: Command;
  readonly path: string;
  /** For stdout and stderr. */
  readonly fifos: readonly string[];
  /** Ends stdin; not in it. */
  readonly endMark: string;
}

/** Prints the exit status, in the way of a shell (128 and the signal), when the program has ended. */
export const scriptOf = ({command, path, fifos, endMark}: ScriptParts): string => {
  const {args = [], stdin, env = {}} = command;
  const assigned = Object.entries(env).map(([name, value]) => `${name}=${quote(value)} `);
  const words = [path, ...args].map(quote).join(' ');
  const outputs = fifos.map((fifo, index) => `${index + 1}>${fifo}`).join(' ');
  const [input, text] = stdin ? [`<<'${endMark}'`, `${stdin}${endMark}\n`] : ['</dev/null', ''];
  return `${assigned.join('')}${words} ${input} ${outputs}\n${text}echo $?\n`;
};

/** Whether that is the complaint of a shell that could not start the program: it is all there is then. */
export const isNotStarted = (path: string, exitCode: number, stdout: string, stderr: string): boolean =>
  [126, 127].includes(exitCode) &&
  stdout === '' &&
  /^sh: (?:line )?\d+: /.test(stderr) &&
  stderr.replace(/^sh: (?:line )?\d+: (?:exec: )?/, '').startsWith(`${path}: `);

/** Prints 0 when the fifos are made. */
export const openingOf = (
  fifoPaths: readonly string[],
  umask: number,
  inherited: ReadonlySet<string>,
): string => {
  const unset = ownVariables.filter((name) => !inherited.has(name));
  return [
    `umask ${umask.toString(8)}`,
    ...unset.map((name) => `unset ${name}`),
    `mkfifo -m 600 ${fifoPaths.map(quote).join(' ')}`,
    'echo $?\n',
  ].join('\n');
};

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
