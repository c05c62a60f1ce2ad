/** patch rebase: rebases a component's patches onto another release. */

import {resolve} from 'node:path';
import {defaultCluster} from '../../cluster/names.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import {requireOutputDirectory, writeOutput} from '../../patches/output.ts';
import {readFiles} from '../../patches/read-files.ts';
import {isRebased, type RebasedPatch, rebaseSeries} from '../../patches/rebase-series.ts';
import {pathsOf, readSeries} from '../../patches/series.ts';
import {namesakesIn, requireSourceTree} from '../../patches/source-tree.ts';
import {requirePrograms, withWorkbench} from '../../patches/workbench.ts';
import type {Component} from '../../stacks/own-source.ts';
import type {DemoContext} from '../../stages/context.ts';
import {demoPlan} from '../../stages/demo.ts';
import {seriesOf} from '../../stages/init/tree.ts';
import {cachedSources} from '../../stages/lib/check-patches.ts';
import {pinnedFiles} from '../../stages/lib/pinned-files.ts';
import {paletteOf} from '../../view/stream.ts';
import {contextOf} from '../prepare-run.ts';
import {rejectionsText} from '../rebase-rejections.ts';
import {rebaseCounts, rebaseText} from '../rebase-text.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface PatchRebaseOptions {
  /** Default: the stack of the cluster, or else bookworm. */
  readonly stack?: string;
  /** The cluster whose stack is the default. */
  readonly name: string;
  readonly component: Component;
  readonly onto: string;
  readonly output?: string;
  readonly json?: boolean;
}

/** Writes all that can be rebased, then throws UserError if a hunk was rejected. */
export const patchRebase = async (world: World, options: PatchRebaseOptions): Promise<void> => {
  const {signal, stdout} = world;
  const {stack, name, component, json} = options;
  const {say, record} = runOutput(world, json);
  const context = await contextOf(world, {stack, cluster: {...defaultCluster, name}}, say);
  const {output = `${context.stack.name}-${component}-rebased`} = options;
  const [onto, to] = [resolve(options.onto), resolve(output)];
  await requireSourceTree(onto, component);
  await requireOutputDirectory(to, onto);
  await requirePrograms(context.host, ['patch', 'git'], signal);

  const {patches, isMergeSkipped} = await rebase(onto, component, {context, signal});
  const namesakes = await namesakesIn(onto, missingIn(patches));
  await writeOutput(to, outputOf(patches, rejectionsText(patches, namesakes)), signal);

  if (isMergeSkipped)
    say('Nothing was merged: the pinned source is not in the cache. `kni-demo patch check` fetches it.');
  for (const line of rebaseText(patches, paletteOf(stdout))) say(line);
  const {hunks, doubtful, rejected} = rebaseCounts(patches);
  record('result', {
    command: 'patch rebase',
    exitCode: patches.every(isRebased) ? exitCodes.ok : exitCodes.failed,
    output: to,
    merged: !isMergeSkipped,
    hunks,
    doubtful,
    rejected,
    patches: patches.map((patch) => ({name: patch.name, files: patch.files})),
  });
  say('');
  say(`${hunks - rejected} of ${hunks} hunks rebased into ${to}, ${doubtful} of them doubtful`);
  if (patches.every(isRebased)) return;
  throw new UserError({
    code: 'KNI-E106',
    what: `cannot rebase all patches of ${component}`,
    why: `${rejected} of ${hunks} hunks were rejected`,
    tryThis: `read ${to}/rejected.txt, and add the changes of the *.rej files to the new patches by hand`,
  });
};

interface Run {
  readonly context: DemoContext;
  readonly signal: AbortSignal;
}

/** Reads the pinned source, for merges, only if something is rejected without it. */
const rebase = async (
  onto: string,
  component: Component,
  {context, signal}: Run,
): Promise<{readonly patches: readonly RebasedPatch[]; readonly isMergeSkipped: boolean}> => {
  const series = await readSeries(seriesOf(component, context));
  const files = await readFiles(onto, pathsOf(series));
  return withWorkbench(context.host, signal, async (bench) => {
    const patches = await rebaseSeries(bench, series, files);
    if (patches.every(isRebased)) return {patches, isMergeSkipped: false};
    const source = await cachedSource(component, context);
    if (source === undefined) return {patches, isMergeSkipped: true};
    const pinned = await pinnedFiles(series, {source, signal}, context);
    return {patches: await rebaseSeries(bench, series, files, pinned.files), isMergeSkipped: false};
  });
};

const cachedSource = async (component: Component, context: DemoContext): Promise<string | undefined> => {
  const sources = await cachedSources(demoPlan(context.stack), context);
  return sources.find((each) => each.component === component && each.isCached)?.path;
};

const missingIn = (patches: readonly RebasedPatch[]): readonly string[] =>
  patches.flatMap(({files}) =>
    files.flatMap(({path, problem}) => (problem === 'no such file' ? [path] : [])),
  );

const outputOf = (
  patches: readonly RebasedPatch[],
  rejections: readonly string[],
): ReadonlyMap<string, string> =>
  new Map([
    ...patches.flatMap(({name, text, rejected}): readonly (readonly [string, string])[] => [
      ...(text === undefined ? [] : [[name, text] as const]),
      ...(rejected === undefined ? [] : [[`${name}.rej`, rejected] as const]),
    ]),
    ...(rejections.length === 0 ? [] : [['rejected.txt', `${rejections.join('\n')}\n`] as const]),
  ]);
