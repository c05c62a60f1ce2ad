/** The texts of the tour before its first drill and before its comparison. */

import type {Drill, Question} from '../drills/drill.ts';
import {quotes} from '../drills/questions.ts';
import {columns} from '../view/table.ts';

const comparisonShows = 'the same pods through CNI in containerd and through KNI';

/** At most 20 lines of 79 columns. */
export const tourIntroduction = (cluster: string, drills: readonly Drill[]): readonly string[] => {
  const parts = [...drills, {name: 'compare', shows: comparisonShows}];
  return [
    '',
    `KNI, the Kubernetes Networking Interface, on cluster ${cluster}`,
    '',
    '  With CNI, containerd makes the network namespace (netns) of each pod and runs',
    '  the network plugins. With KNI, the kubelet asks a network runtime on its node',
    '  for the network of each pod. containerd only joins the netns that it gets.',
    '  A sandbox is what containerd makes for a pod before it starts the containers.',
    '',
    ...columns(parts.map(({name, shows}, index) => [`  ${index + 1}. ${name}`, shows])),
    '',
    '  $  a command that does the same',
    '  +  a check that holds, with the program that proves it',
    '  -  a check that does not hold',
    '',
    '  This takes about five minutes. The cluster is restored after each part.',
  ];
};

export const comparisonTitle = `COMPARE: ${comparisonShows}`;

export const comparisonQuestion: Question = {
  asks: 'What does KNI change, what does it not change, and what can CNI 1.1 do, too?',
  quote: quotes.comparison,
};
