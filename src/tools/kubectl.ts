/** kubectl on the control-plane node, with the administrator's credentials. */

import type {Command} from '../host/host.ts';

export const kubectl = (...args: readonly string[]): Command => [
  'kubectl',
  ['--kubeconfig=/etc/kubernetes/admin.conf', '--request-timeout=20s', ...args],
];

/** Reads manifests from standard input. */
export const applyManifest: Command = kubectl('apply', '-f', '-');

export const getJson = (...what: readonly string[]): Command => kubectl('get', ...what, '-o', 'json');
