/** Checks hunk by hunk whether a stack's patches apply to its pinned sources as `up` applies them. Keeps nothing. */

import {artifactExists} from '../../cache/artifact.ts';
import {fingerprintsOf} from '../../graph/fingerprint.ts';
import type {Plan} from '../../graph/plan.ts';
import {allExact, applySeries, type PatchResult, readSeries} from '../../patches/series.ts';
import {withWorkbench} from '../../patches/workbench.ts';
import {type Component, components} from '../../stacks/own-source.ts';
import {releaseOf} from '../../stacks/schema.ts';
import type {DemoContext} from '../context.ts';
import {pinnedFiles} from './pinned-files.ts';
import {artifactOf} from './products.ts';
import {sourceIdOf} from './source-id.ts';

export interface CachedSource {
  readonly component: Component;
  readonly path: string;
  readonly isCached: boolean;
}

export const cachedSources = async (
  plan: Plan<DemoContext>,
  context: DemoContext,
): Promise<readonly CachedSource[]> => {
  const fingerprintOf = await fingerprintsOf(plan, context);
  return Promise.all(
    components.map(async (component) => {
      const path = artifactOf(sourceIdOf(component), context, {fingerprintOf});
      return {component, path, isCached: await artifactExists(path)};
    }),
  );
};

export interface SeriesCheck {
  readonly component: Component;
  /** Version of the pinned source. */
  readonly version: string;
  /** Directory of our series. */
  readonly series: string;
  readonly ok: boolean;
  /** Debian's own patches, which come first. */
  readonly debian: readonly PatchResult[];
  readonly patches: readonly PatchResult[];
}

/** The default of `patch`. The check tries fuzz only to report it: `up` refuses a hunk that needs fuzz. */
const anyFuzz = 2;

export interface SeriesCheckOptions {
  readonly component: Component;
  /** Directory of the source's tarballs. */
  readonly source: string;
  readonly series: string;
  readonly signal: AbortSignal;
}

export const checkSeries = async (
  {component, source, series, signal}: SeriesCheckOptions,
  context: Pick<DemoContext, 'dirs' | 'host' | 'stack'>,
): Promise<SeriesCheck> => {
  const patches = await readSeries(series);
  const {files, debian} = await pinnedFiles(patches, {source, signal}, context);
  const {results} = await withWorkbench(context.host, signal, (bench) =>
    applySeries(bench, patches, files, anyFuzz),
  );
  const version = releaseOf(context.stack[component].source);
  return {component, version, series, ok: allExact([...debian, ...results]), debian, patches: results};
};
