/** Makes docs/kni-conformance.md from the requirements. */

import {groups} from './groups.ts';
import type {Group, Level, Needs} from './requirement.ts';

const needsText: Readonly<Record<Needs, string>> = {
  socket: 'calls',
  node: 'node',
  process: 'process',
};

const introduction = (count: number, must: number): readonly string[] => [
  '# KNI conformance',
  '',
  `These ${count} requirements say what a kubelet needs from a KNI network runtime; ${must} of them are MUST. \`kni-demo runtime test\` checks them.`,
  'The page is generated from the checks in `src/conformance`.',
  '',
  '```sh',
  'kni-demo runtime test ./hello                       # a project of kni-demo runtime new',
  'kni-demo runtime test --exec ./my-runtime           # any executable',
  'kni-demo runtime test --node test1-worker           # the runtime of a running node',
  'kni-demo runtime test ./hello --requirement L03     # one requirement',
  'kni-demo runtime test ./hello --junit results.xml   # for a CI system',
  '```',
  '',
  'A runtime is conformant if it passes every MUST. A failed SHOULD or MAY is reported, and does not change the exit code. A skipped',
  'requirement is about something that the runtime does not have. On failure the output has the request, the answer and what was expected.',
  '',
  '## The environment of the runtime',
  '',
  'The suite starts the runtime as root in new network, mount and process namespaces, with empty `/run`, `/var/lib`, `/etc/kni` and',
  '`/etc/cni`, and with these variables:',
  '',
  '| variable | value | meaning |',
  '|---|---|---|',
  '| `KNI_SOCKET` | `/run/kni/kni.sock` | where to listen |',
  '| `KNI_STATE_DIR` | `/var/lib/kni-runtime` | what must survive a restart |',
  '| `KNI_NETNS_DIR` | `/run/netns` | where to mount the netns of pods |',
  '| `KNI_NODE_NAME` | `conformance` | name of the node |',
  '| `KNI_POD_CIDRS` | `10.99.0.0/24` | the podCIDRs of the node; some checks choose a smaller one, or none |',
  '| `KNI_KUBECONFIG` | a path that does not exist | the suite runs no API server |',
  '',
  'It is ready when QueryNodeNetworks reports a network that is ready; it has 30 s for this. SIGTERM stops it. The node has an uplink `eth0` with',
  'the address 192.0.2.2, and a default route. When the suite ends, also after `kill -9`, the namespaces disappear with everything in them.',
  '',
  '`--socket` and `--node` make only calls, for pods that do not exist in Kubernetes, and delete their networks at the end, also after Ctrl-C.',
  'After `kill -9` a few networks of these pods may stay until the runtime deletes abandoned networks.',
  '',
  '## Sources',
  '',
  '- kni.proto: the comments of [runtime/proto/kni.proto](../runtime/proto/kni.proto).',
  '- KEP-4410: the [proposal](https://github.com/kubernetes/enhancements/pull/4477).',
  '- kubelet: the behaviour of the [patched kubelet](kubelet-and-containerd.md) of kni-demo.',
  "- first KNI kubelet: the requests of the original demo's kubelet. The proto file does not have them, so none of these is a MUST.",
  '- CNI 1.1.0: the [CNI specification](https://github.com/containernetworking/cni/blob/main/SPEC.md), where KNI took over its rules.',
  '- CRI, Kubernetes, gRPC and others: their documentation.',
  '',
  'The column *needs* says what a check does: *calls* only calls the runtime, and is safe on a running node; *node* also looks into the netns and',
  'changes the node; *process* also stops, kills and starts the runtime. The last two run only on a node of the suite.',
  '',
];

const groupText = ({name, about, isSlow, requirements}: Group): readonly string[] => [
  `## ${name[0]?.toUpperCase()}${name.slice(1)}`,
  '',
  `\`--group ${name}\`: ${about}.${isSlow ? ' This group takes minutes.' : ''}`,
  '',
  '| id | level | the runtime… | source | needs |',
  '|---|---|---|---|---|',
  ...requirements.map(
    ({id, level, title, source, needs}) =>
      `| ${id} | ${level} | ${cell(title)} | ${cell(source)} | ${needsText[needs]} |`,
  ),
  '',
];

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The page in Markdown. */
export const conformancePage = (): string => {
  const all = groups.flatMap(({requirements}) => requirements);
  const countOf = (wanted: Level): number => all.filter(({level}) => level === wanted).length;
  return `${[...introduction(all.length, countOf('MUST')), ...groups.flatMap(groupText)].join('\n').trimEnd()}\n`;
};
