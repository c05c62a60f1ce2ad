/** The cluster of the chapters, and commands on this machine and on its nodes. */

import {dirsOf} from '../../../src/cache/dirs.ts';
import {nodeHost} from '../../../src/host/node-host.ts';
import {localHost} from '../../../src/host/process.ts';
import {withTools} from '../../../src/stages/lib/managed-engine.ts';

/** A running cluster of the user, which the chapters use and do not remove. */
const usersCluster = process.env['KNI_E2E_CLUSTER'];
export const lent = usersCluster !== undefined;
export const cluster = usersCluster ?? 'kni-e2e';
export const controlPlane = `${cluster}-control-plane`;
export const worker = `${cluster}-worker`;
export const named = ['--name', cluster] as const;

export const dirs = dirsOf(process.env);
export const host = withTools(localHost(), dirs);

/** Runs a command on this machine; returns its standard output. */
export const run = async (file: string, ...args: readonly string[]): Promise<string> =>
  (await host.run([file, args], {timeout: 60_000})).stdout;

/** Runs a command on a node; returns its standard output. */
export const onNode = async (node: string, file: string, ...args: readonly string[]): Promise<string> =>
  (await nodeHost(host, node).run([file, args], {timeout: 60_000})).stdout;

export const shell = (node: string, script: string): Promise<string> => onNode(node, 'sh', '-ec', script);

export const kubectl = (...args: readonly string[]): Promise<string> =>
  onNode(controlPlane, 'kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', ...args);

export const apply = async (manifest: unknown): Promise<void> => {
  await nodeHost(host, controlPlane).run(
    ['kubectl', ['--kubeconfig=/etc/kubernetes/admin.conf', 'apply', '-f', '-']],
    {
      input: JSON.stringify(manifest),
      timeout: 60_000,
    },
  );
};

/** One value of an object by JSONPath without braces; empty if the object or the value is missing. */
export const value = (path: string, ...what: readonly string[]): Promise<string> =>
  kubectl('get', ...what, '--ignore-not-found', '-o', `jsonpath={${path}}`);
