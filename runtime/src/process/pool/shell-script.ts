/**
 * Writes the script that makes a shell start a program exactly as Node.js would have started it. It uses POSIX sh only, and
 * one simple command without subshell or pipeline: dash and busybox run that with vfork(2), which takes half the time.
 */
import {accessSync, constants, statSync} from 'node:fs';
import {join} from 'node:path';
import type {Command} from '../command.ts';

/** A pipe buffers this much (pipe(7)), so that the shell does not block on a program that ignores its stdin. */
const stdinLimit = 60_000;
/** Variables that a shell sets by itself. */
const ownVariables = ['PWD', 'OLDPWD', 'SHLVL'];

/** The path of the program if a shell can run the command unchanged; a path also keeps it from using a builtin. */
export const shellPathOf = (command: Command, path: string): string | undefined => {
  const {file, args = [], stdin = '', env = {}} = command;
  const isFit =
    hasShellNames(env) &&
    [file, ...args, ...Object.values(env), stdin].every((text) => !text.includes('\0')) &&
    (stdin === '' || stdin.endsWith('\n')) && // a here-document consists of lines
    Buffer.byteLength(stdin) <= stdinLimit;
  if (!isFit) return undefined;
  if (file.includes('/')) return file; // the shell reports a missing program
  return (env['PATH'] ?? path)
    .split(':')
    .map((dir) => join(dir, file))
    .find(isExecutable);
};

/** A shell drops environment variables with other names. */
export const hasShellNames = (env: Readonly<Record<string, string>>): boolean =>
  Object.keys(env).every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};

export interface FifoPaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScriptParts {
  readonly command: Command;
  readonly path: string;
  readonly fifos: FifoPaths;
  /** Whether stdin comes from its fifo, and not from the command. */
  readonly isInputLater: boolean;
  /** The line that ends the here-document; must not occur in stdin. */
  readonly endMark: string;
}

/** The script prints the exit status when the program has ended; after a signal it is 128 plus its number. */
export const scriptOf = ({command, path, fifos, isInputLater, endMark}: ScriptParts): string => {
  const {args = [], stdin, env = {}} = command;
  const assigned = Object.entries(env).map(([name, value]) => `${name}=${quote(value)} `);
  const words = [path, ...args].map(quote).join(' ');
  const unknown = isInputLater ? `<${fifos.stdin}` : '</dev/null';
  const [input, text] = stdin ? [`<<'${endMark}'`, `${stdin}${endMark}\n`] : [unknown, ''];
  return `${assigned.join('')}${words} ${input} 1>${fifos.stdout} 2>${fifos.stderr}\n${text}echo $?\n`;
};

/** Whether the output is only the error message of a shell that could not start the program. */
export const isNotStarted = (path: string, exitCode: number, stdout: string, stderr: string): boolean =>
  [126, 127].includes(exitCode) &&
  stdout === '' &&
  /^sh: (?:line )?\d+: /.test(stderr) &&
  stderr.replace(/^sh: (?:line )?\d+: (?:exec: )?/, '').startsWith(`${path}: `);

/** The first script of a shell; it prints 0 when the fifos were created. */
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
