/** The command line of the benchmark. */
import {accessSync, constants, statSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {parseArgs} from 'node:util';

export interface BenchOptions {
  /** Full cycles of a pod that are measured, one at a time and at the same time. */
  readonly cycles: number;
  /** Pods that the network runtime knows when Query and the start are measured; 0 leaves that out. */
  readonly records: number;
  /** Cycles over which the memory is watched; 0 leaves that out. */
  readonly soak: number;
  /** The Node.js that runs our network runtime: the nodes have one of their own. */
  readonly node: string;
  readonly against: Against | undefined;
  /** Where to write the figures as JSON. */
  readonly json: string | undefined;
  /** Where to draw the medians as an SVG picture. */
  readonly svg: string | undefined;
}

/** Another network runtime, and its arguments, with placeholders. */
export interface Against {
  readonly file: string;
  readonly args: string;
}

/** The command line is wrong; the message says what about it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const options = {
  cycles: {type: 'string', default: '100'},
  records: {type: 'string', default: '1000'},
  soak: {type: 'string', default: '0'},
  node: {type: 'string'},
  against: {type: 'string'},
  'against-args': {type: 'string'},
  json: {type: 'string'},
  svg: {type: 'string'},
  help: {type: 'boolean', short: 'h', default: false},
} as const;

export const usage = `Usage: npm run bench -- [flags]

Measures the network runtime, libcni without a runtime, and another network runtime. A client in Go takes turns between
them. Needs root, and the images that \`kni-demo up\` builds.

  --cycles N          cycles of a pod to measure (default: 100)
  --records N         pods known when Query and the start are measured (default: 1000; 0: not)
  --soak N            cycles over which the memory is watched (default: 0: not)
  --node FILE         Node.js for our network runtime, such as the one of the nodes (default: this one)
  --against FILE      another network runtime: a program that serves KNI on a unix socket
  --against-args=ARGS its arguments; {socket} {confdir} {bindir} {statedir} are filled in
                      (/tmp/kni.sock, /etc/cni/net.d, /opt/cni/bin, /var/lib/kni-against);
                      it starts in {statedir}
  --json FILE         write the figures there
  --svg FILE          draw the medians there
`;

/** `undefined` when help is asked for. */
export const optionsFrom = (args: readonly string[]): BenchOptions | undefined => {
  const values = valuesOf(args);
  if (values.help) return undefined;
  if (values['against-args'] !== undefined && values.against === undefined)
    throw new UsageError('--against-args is for --against, which is not given');
  return {
    cycles: wholeNumber('cycles', values.cycles, 1),
    records: wholeNumber('records', values.records, 0),
    soak: wholeNumber('soak', values.soak, 0),
    node: values.node === undefined ? process.execPath : program('node', values.node),
    against:
      values.against === undefined
        ? undefined
        : {file: program('against', values.against), args: values['against-args'] ?? ''},
    json: fileToBe('json', values.json),
    svg: fileToBe('svg', values.svg),
  };
};

const valuesOf = (args: readonly string[]) => {
  try {
    return parseArgs({args: [...args], options}).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.replaceAll('\n', ' '), {cause: error});
  }
};

const wholeNumber = (flag: string, text: string, least: number): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > 1_000_000)
    throw new UsageError(`--${flag} must be a whole number from ${least} to 1000000, not '${text}'`);
  return value;
};

const program = (flag: string, path: string): string => {
  const file = resolve(path);
  const wrong = `--${flag} must be a program, which '${path}' is not`;
  try {
    accessSync(file, constants.X_OK);
  } catch (error) {
    throw new UsageError(wrong, {cause: error});
  }
  if (!statSync(file).isFile()) throw new UsageError(wrong);
  return file;
};

/** Known now rather than after minutes of measuring. */
const fileToBe = (flag: string, path: string | undefined): string | undefined => {
  if (path === undefined) return undefined;
  const file = resolve(path);
  const parent = statSync(dirname(file), {throwIfNoEntry: false});
  if (!parent?.isDirectory()) throw new UsageError(`--${flag}: the directory of '${path}' does not exist`);
  return file;
};
