/** patch rebase: carries a component's patches to another release of it. */

import {resolve} from 'node:path';
import {UserError} from '../../errors.ts';
import {type CarriedPatch, carrySeries, isCarried} from '../../patches/carry-series.ts';
import {outputDirectory, writeOutput} from '../../patches/output.ts';
import type {Patch} from '../../patches/patch-file.ts';
import {readFiles} from '../../patches/read-files.ts';
import {type Files, pathsOf, readSeries} from '../../patches/series.ts';
import {homelessIn, namesakesIn, requireSourceTree} from '../../patches/source-tree.ts';
import type {Component} from '../../stacks/own-source.ts';
import type {DemoContext} from '../../stages/context.ts';
import {demoPlan} from '../../stages/demo.ts';
import {seriesOf} from '../../stages/init/tree.ts';
import {cachedSources} from '../../stages/lib/check-patches.ts';
import {pinnedFiles} from '../../stages/lib/pinned-files.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {carriedCounts, carriedText} from '../carried-text.ts';
import {demoContext} from '../context.ts';
import {rejectionsText} from '../rejections-text.ts';
import type {World} from '../world.ts';

export interface PatchRebaseOptions {
  readonly stack: string;
  readonly component: Component;
  readonly onto: string;
  readonly output?: string;
}

/** Throws UserError where a hunk was rejected, after all that could be carried has been written. */
export const patchRebase = async (world: World, options: PatchRebaseOptions): Promise<void> => {
  const {signal, stdout} = world;
  const {stack, component, output = `${stack}-${component}-rebased`} = options;
  const context = await demoContext(world, {stack});
  const [onto, to] = [resolve(options.onto), resolve(output)];
  await requireSourceTree(onto, component);
  await outputDirectory(to, onto);
  const series = await readSeries(seriesOf(component, context));

  const files = await readFiles(onto, pathsOf(series));
  const write = lineWriter(stdout);
  let carried = carrySeries(series, files);
  if (!carried.every(isCarried)) {
    const old = await oldFiles(series, component, {context, signal});
    if (old) carried = carrySeries(series, files, old);
    else
      write(
        'The pinned source is not in the cache, so nothing is merged: `kni-demo patch check` fetches it.',
      );
  }
  const homeless = await homelessIn(onto, madeBy(carried));
  const namesakes = await namesakesIn(onto, missingIn(carried));
  await writeOutput(to, outputOf(carried, rejectionsText(carried, namesakes)), signal);

  for (const line of carriedText(carried, homeless, paletteOf(stdout))) write(line);
  const {hunks, doubtful, rejected} = carriedCounts(carried, homeless);
  write('');
  write(`${hunks - rejected} of ${hunks} hunks carried to ${to}, ${doubtful} of them to be looked at`);
  if (carried.every(isCarried)) return;
  throw new UserError({
    what: `the patches of ${component} could not all be carried`,
    why: `${rejected} of ${hunks} hunks were rejected`,
    tryThis: `see ${to}/rejected.txt; put the changes of the *.rej files into the new patches by hand`,
  });
};

/** For merges; undefined where it would have to be downloaded. */
const oldFiles = async (
  series: readonly Patch[],
  component: Component,
  {context, signal}: {readonly context: DemoContext; readonly signal: AbortSignal},
): Promise<Files | undefined> => {
  const sources = await cachedSources(demoPlan(context.stack), context);
  const source = sources.find((each) => each.component === component && each.isThere)?.path;
  return source === undefined ? undefined : (await pinnedFiles(series, {source, signal}, context)).files;
};

const madeBy = (patches: readonly CarriedPatch[]): readonly string[] =>
  patches.flatMap(({files}) =>
    files.flatMap(({path, kind, refreshed}) => (kind === 'create' && refreshed ? [path] : [])),
  );

const missingIn = (patches: readonly CarriedPatch[]): readonly string[] =>
  patches.flatMap(({files}) =>
    files.flatMap(({path, problem}) => (problem === 'there is no such file' ? [path] : [])),
  );

const outputOf = (
  patches: readonly CarriedPatch[],
  rejections: readonly string[],
): ReadonlyMap<string, string> =>
  new Map([
    ...patches.flatMap(({name, text, rejected}): readonly (readonly [string, string])[] => [
      ...(text === undefined ? [] : [[name, text] as const]),
      ...(rejected === undefined ? [] : [[`${name}.rej`, rejected] as const]),
    ]),
    ...(rejections.length === 0 ? [] : [['rejected.txt', `${rejections.join('\n')}\n`] as const]),
  ]);
