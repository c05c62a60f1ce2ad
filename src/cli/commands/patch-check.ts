/** patch check: checks hunk by hunk whether the stack's patches apply to its pinned sources. */

import {defaultCluster} from '../../cluster/names.ts';
import {UserError} from '../../errors.ts';
import {requirePrograms} from '../../patches/workbench.ts';
import {seriesOf} from '../../stages/init/tree.ts';
import {checkSeries, type SeriesCheck} from '../../stages/lib/check-patches.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {fetchSources} from '../fetch-sources.ts';
import {contextOf} from '../prepare-run.ts';
import {countsOf, seriesCheckText} from '../series-check-text.ts';
import type {World} from '../world.ts';

export interface PatchCheckOptions {
  /** Default: the stack of the cluster, or else bookworm. */
  readonly stack?: string;
  /** The cluster whose stack is the default. */
  readonly name: string;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

/** Shows all patches, then throws UserError if one does not apply as `up` applies it. */
export const patchCheck = async (
  world: World,
  {stack, name, json = false, lockTimeout}: PatchCheckOptions,
): Promise<void> => {
  const {signal, stdout, stderr} = world;
  const say = lineWriter(json ? stderr : stdout);
  const context = await contextOf(world, {stack, cluster: {...defaultCluster, name}}, say);
  await requirePrograms(context.host, ['patch'], signal);
  const sources = await fetchSources(context, json ? stderr : stdout, {
    command: 'kni-demo patch check',
    lockTimeout,
    signal,
  });
  const write = lineWriter(stdout);
  const checks: SeriesCheck[] = [];
  for (const {component, path} of sources) {
    const series = seriesOf(component, context);
    const check = await checkSeries({component, source: path, series, signal}, context);
    checks.push(check);
    if (json) write(JSON.stringify(check));
    else for (const line of seriesCheckText(check, paletteOf(stdout))) write(line);
  }

  const {patches, hunks, failed, fuzzy} = countsOf(checks.flatMap((check) => check.patches));
  const broken = checks.filter(({ok}) => !ok);
  if (broken.length === 0) {
    if (!json) write(`all ${hunks} hunks of ${patches} patches apply as \`kni-demo up\` applies them`);
    return;
  }
  throw new UserError({
    code: 'KNI-E105',
    what: `the patches of stack ${context.stack.name} do not apply as \`kni-demo up\` applies them`,
    why: `of ${hunks} hunks, ${failed} fail and ${fuzzy} apply only with fuzz`,
    tryThis: [
      ...broken.map(({series}) => `correct the patches in ${series} that are marked - or !`),
      'for another release: kni-demo patch rebase, see its --help',
    ].join('\n'),
  });
};
