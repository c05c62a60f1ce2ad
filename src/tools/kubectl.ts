/** kubectl on the control-plane node, with the administrator's credentials. */

import type {Command} from '../host/host.ts';

export const kubectl = (...args: readonly string[]): Command => [
  'kubectl',
  ['--kubeconfig=/etc/kubernetes/admin.conf', '--request-timeout=20s', ...args],
];

/** Reads manifests from standard input. */
export const applyManifest: Command = kubectl('apply', '-f', '-');

export const getJson = (...what: readonly string[]): Command => kubectl('get', ...what, '-o', 'json');

/** Prints a pod of the namespace `default` as JSON once it is Ready; fails after `atMost` ms. Has no request timeout, which would end the watch. */
export const awaitPodReady = (name: string, atMost: number): Command => [
  'kubectl',
  [
    '--kubeconfig=/etc/kubernetes/admin.conf',
    'wait',
    '--for=condition=Ready',
    `pod/${name}`,
    `--timeout=${atMost}ms`,
    '-o',
    'json',
  ],
];

const condition = (object: string, type: string, field: string): string =>
  `{${object}.status.conditions[?(@.type=="${type}")].${field}}`;

/** One line for each pod or change of a pod, with these columns between bars. */
const podColumns = (type: string, object: string): string =>
  [
    type,
    `{${object}.metadata.namespace}/{${object}.metadata.name}`,
    `{${object}.metadata.uid}`,
    `{${object}.spec.nodeName}`,
    `{${object}.status.podIP}`,
    `{${object}.metadata.creationTimestamp}`,
    `{${object}.metadata.deletionTimestamp}`,
    condition(object, 'PodScheduled', 'status'),
    condition(object, 'PodScheduled', 'lastTransitionTime'),
    condition(object, 'Ready', 'status'),
    condition(object, 'Ready', 'lastTransitionTime'),
  ].join('|');

/** Prints all pods as lines of `podColumns`. */
export const listPods: Command = kubectl(
  'get',
  'pods',
  '--all-namespaces',
  '-o',
  `jsonpath={range .items[*]}${podColumns('ADDED', '')}{"\\n"}{end}`,
);

/** The same, and then each change of a pod; type is ADDED, MODIFIED or DELETED. A request timeout would end it. */
export const watchPods: Command = [
  'kubectl',
  [
    '--kubeconfig=/etc/kubernetes/admin.conf',
    'get',
    'pods',
    '--all-namespaces',
    '--watch',
    '--output-watch-events',
    '-o',
    `jsonpath=${podColumns('{.type}', '.object')}{"\\n"}`,
  ],
];
