/** Formats a comparison of CNI and KNI for people, at most 80 columns wide, in two parts of at most 20 lines. */

import type {Comparison, SideResult} from '../compare/compare.ts';
import type {Summary} from '../compare/statistics.ts';
import {columns} from '../view/table.ts';

/** The parts in their order. Without a pause between them the times are last: a terminal of 24 rows shows only the last part. */
export const comparisonText = (comparison: Comparison, hasPauses: boolean): readonly (readonly string[])[] =>
  hasPauses
    ? [measuredText(comparison), changesText(comparison)]
    : [changesText(comparison), measuredText(comparison)];

/** Who does what and how long it takes, measured. */
const measuredText = ({cni, kni}: Comparison): readonly string[] => [
  ...columns([
    ['', 'CNI IN CONTAINERD', 'KNI'],
    ['who makes the netns', 'containerd', 'network runtime'],
    ['who calls the plugins', 'containerd', 'network runtime'],
    ['who reports addresses', 'containerd, over CRI', 'network runtime'],
    ...aligned("kubelet's calls", ['RunPodSandbox'], ['CreateNetwork', 'RunPodSandbox', 'AttachInterface']),
    ...aligned('plugins of one pod', cni.programs, kni.programs),
    ['files of one pod', String(cni.files.length), String(kni.files.length)],
    [`times of ${cni.times.createToReady.n} pods`, 'median (p95)', 'median (p95)', 'KNI / CNI'],
    timeRow('  sandbox to container', cni, kni, 'sandboxToContainer'),
    timeRow('  plugins to container', cni, kni, 'pluginToContainer'),
    timeRow('  created to Ready', cni, kni, 'createToReady'),
  ]),
  '',
  'With CNI the plugins run before the pause container starts, with KNI after it.',
  'So compare the times from the sandbox on: they contain the same work.',
];

/** Where the files of a pod are, and what KNI changes. */
const changesText = ({cni, kni}: Comparison): readonly string[] => [
  "Directories of a pod's files:",
  `  CNI: ${directoriesOf(cni).join(', ')}`,
  `  KNI: ${directoriesOf(kni).join(', ')}`,
  '',
  ...facts,
];

/** A row for each line of the longer list. */
const aligned = (
  title: string,
  left: readonly string[],
  right: readonly string[],
): readonly (readonly string[])[] =>
  Array.from({length: Math.max(left.length, right.length)}, (_, index) => [
    index === 0 ? title : '',
    left[index] ?? '',
    right[index] ?? '',
  ]);

const directoriesOf = ({files}: SideResult): readonly string[] => [
  ...new Set(files.map((file) => file.slice(0, file.lastIndexOf('/')))),
];

const milliseconds = ({median, p95}: Summary): string => `${Math.round(median)} ms (${Math.round(p95)})`;

const timeRow = (title: string, cni: SideResult, kni: SideResult, key: keyof SideResult['times']) => [
  title,
  milliseconds(cni.times[key]),
  milliseconds(kni.times[key]),
  (kni.times[key].median / cni.times[key].median).toFixed(2),
];

/** docs/compare.md explains them and names their sources. */
const facts: readonly string[] = columns([
  ['WHAT', 'CNI', 'KNI'],
  ['node is Ready when', 'a configuration file exists', 'the runtime reports it'],
  ['', 'CNI 1.1: and STATUS succeeds', ''],
  ['why it is not Ready', 'CNI 1.1: error of STATUS', "the runtime's reason"],
  ['lists networks of a node', 'no call', 'QueryNodeNetworks'],
  ["lists a pod's addresses", 'CRI, as ADD returned them', 'QueryPodNetwork'],
  ['removes leftovers', 'CNI 1.1: GC, if it is called', 'no call: this runtime,'],
  ['', '', 'when it starts'],
  ['why a plugin failed', 'event of the pod', 'event of the pod'],
  ['who needs the plugins', 'the container runtime', 'the network runtime'],
  ['plugins, configurations', 'unchanged', 'unchanged'],
  ['packets, routes, rules', 'unchanged', 'unchanged'],
]);
