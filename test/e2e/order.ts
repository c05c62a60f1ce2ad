/**
 * The order of the chapters. Each can run alone; in this order the cluster is made once. No name is part of another, since
 * `npm run test:e2e -- NAME` runs the chapters whose file name contains NAME.
 */

import {basename} from 'node:path';
import {BaseSequencer, type TestSpecification} from 'vitest/node';

export const chapters = [
  'bring-up',
  'nodes',
  'pods',
  'everyday',
  'events',
  'dashboard',
  'live-page',
  'names',
  'backends',
  'flannel',
  'deletion',
  'further-networks',
  'core-drills',
  'all-drills',
  'stopped-runtime',
  'killed-runtime',
  'deleted-meanwhile',
  'failed-attach',
  'failed-cleanup',
  'multus',
  'exhausted-range',
  'replaced-configuration',
  'switched-node',
  'own-runtime',
  'interrupted-switch',
  'own-go-runtime',
  'compare',
  'churn',
  'crowds',
  'upgrade',
  'restarted-node',
  'stopped-cluster',
  'foreign-cluster',
  'own-sources',
  'patches',
  'benchmark',
  'down',
  'published-node',
  'air-gapped',
];

/** Keeps the chapters in order. Other test files start with the slowest, as is usual. */
export class ChapterSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => positionOf(a) - positionOf(b));
  }
}

const positionOf = ({moduleId}: TestSpecification): number =>
  chapters.indexOf(basename(moduleId, '.test.ts'));
