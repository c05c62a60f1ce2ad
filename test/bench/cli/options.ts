/** The flags of `npm run bench:cli`. */
import {parseArgs} from 'node:util';

export interface CliBenchOptions {
  /** How often each command is measured. */
  readonly runs: number;
  /** The running cluster. Without one, only --version and --help are measured. */
  readonly name: string | undefined;
  /** Pairs of a new cluster with `up` and with kind alone. */
  readonly create: number;
  /** Edits of the network runtime that are deployed to the cluster `name`. */
  readonly edits: number;
  readonly json: string | undefined;
}

export const usage = `Usage: npm run bench:cli -- [flags]

Measures the command line: node, --version and --help in turn, then up.

  --runs N      runs of each command (default: 20)
  --name NAME   also measure up on this running cluster
  --edits N     with --name: edits of the network runtime that up deploys to it (default: 0)
  --create N    pairs of new clusters, named bench-cli: up, and kind with the same image (default: 0). Both are deleted.
  --json FILE   write the figures there
`;

const flags = {
  runs: {type: 'string', default: '20'},
  name: {type: 'string'},
  edits: {type: 'string', default: '0'},
  create: {type: 'string', default: '0'},
  json: {type: 'string'},
  help: {type: 'boolean', short: 'h', default: false},
} as const;

/** Undefined for --help. Throws TypeError for invalid flags. */
export const cliBenchOptions = (args: readonly string[]): CliBenchOptions | undefined => {
  const {values} = parseArgs({args: [...args], options: flags});
  if (values.help) return undefined;
  const count = (name: 'runs' | 'edits' | 'create'): number => {
    if (/^\d{1,4}$/.test(values[name])) return Number(values[name]);
    throw new TypeError(`--${name} must be a number`);
  };
  const {name, json} = values;
  const options = {runs: count('runs'), edits: count('edits'), create: count('create'), name, json};
  if (options.runs === 0) throw new TypeError('--runs must be at least 1');
  if (options.edits > 0 && name === undefined) throw new TypeError('--edits needs --name');
  return options;
};
