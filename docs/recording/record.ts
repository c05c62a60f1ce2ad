/**
 * `npm run docs -- picture` and `npm run docs -- tour` record real runs as docs/recording/demo.svg and tour.svg.
 * `npm run docs -- dashboard` records docs/recordings/run.ndjson. `npm run docs` runs the command of each `<!-- output: … -->` in the README
 * and in docs, and replaces the block below it; `npm run docs -- compare events` only those of docs/compare.md and docs/events.md.
 * The dashboard and the blocks are recorded on the cluster test1, or on the one that KNI_DOCS_CLUSTER names; blocks show test1.
 */

import {readdir, readFile, writeFile} from 'node:fs/promises';
import {homedir} from 'node:os';
import {basename, join} from 'node:path';
import {localHost} from '../../src/host/process.ts';
import {recordDashboard} from './dashboard.ts';
import {demo, draw, tour} from './picture.ts';

const host = localHost();
const shownCluster = 'test1';
const cluster = process.env['KNI_DOCS_CLUSTER'] ?? shownCluster;
/** bash, because its functions can have a dash in their name. */
const prelude = `set -euo pipefail
kni-demo() { node bin/kni-demo.js "$@"; }
kubectl() { docker exec ${cluster}-control-plane kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }
`;

const shell = async (command: string): Promise<string> => {
  const own = command.replaceAll(`${shownCluster}-`, `${cluster}-`);
  const {stdout} = await host.run(['bash', ['-c', prelude + own]], {env: {KNI_DEMO_NAME: cluster}});
  return asShown(stdout).replaceAll(`${homedir()}/`, '~/').trimEnd();
};

const asShown = (text: string): string =>
  cluster === shownCluster
    ? text
    : text.replaceAll(` --name ${cluster}`, '').replaceAll(new RegExp(`\\b${cluster}\\b`, 'g'), shownCluster);

/** The marker, the opening of the block with the command that readers see, and its old output. */
const block = /(<!-- output: (?<command>.*?) -->\n```console\n(?<shown>\$ .*\n(?:…\n)?))[^]*?```/g;

const refresh = async (file: string): Promise<void> => {
  const before = await readFile(file, 'utf8');
  let after = before;
  for (const {0: old, 1: head = '', groups} of before.matchAll(block)) {
    const command = groups?.['command'] ?? '';
    process.stderr.write(`${file}: ${command}\n`);
    after = after.replace(old, () => `${head}OUTPUT\`\`\``);
    const output = await shell(command);
    after = after.replace('OUTPUT', () => `${output}\n`);
  }
  if (after !== before) await writeFile(file, after);
};

if (process.argv[2] === 'picture') {
  await writeFile('docs/recording/demo.svg', await draw(host, prelude, demo));
} else if (process.argv[2] === 'tour') {
  await writeFile('docs/recording/tour.svg', await draw(host, prelude, tour));
} else if (process.argv[2] === 'dashboard') {
  await recordDashboard(host, cluster, 'docs/recordings/run.ndjson');
} else {
  const chosen = process.argv.slice(2);
  const pages = (await readdir('docs')).filter((name) => name.endsWith('.md'));
  const files = ['README.md', ...pages.map((name) => join('docs', name))];
  for (const file of files)
    if (chosen.length === 0 || chosen.includes(basename(file, '.md'))) await refresh(file);
}
