/** Lists what `down` removes: only what kni-demo made for this state directory. */

import {UserError} from '../errors.ts';
import {managedEnginePid} from '../stages/lib/managed-engine.ts';
import {clusterRemovals} from './clusters.ts';
import {directoryRemovals} from './directories.ts';
import {type ForeignContent, foreignContents} from './engine-contents.ts';
import {engineRemovals} from './engine-removals.ts';
import {imageRemovals} from './images.ts';
import {clustersElsewhere} from './other-engine.ts';
import {
  noRemovals,
  type Removal,
  type RemovalContext,
  type RemovalOptions,
  type Removals,
} from './removal.ts';

/** Throws UserError for anything of another owner, and if an owner cannot be determined. */
export const removalsFor = async (context: RemovalContext, options: RemovalOptions): Promise<Removals> => {
  const {all, purge, purgeForeign} = options;
  const clusters = await clusterRemovals(context, options);
  const names = clusters.map(({cluster}) => cluster);
  const elsewhere = all && !purge ? await clustersElsewhere(context, names, options) : [];
  const foreign = all ? await foreignContents(context.dirs) : [];
  if (purge && !purgeForeign) refuseForeignContents(foreign);
  const foreignRunning = foreign.filter(({running}) => running).map(({name}) => name);
  const engineInUse =
    !purge && foreignRunning.length > 0 && (await managedEnginePid(context.dirs)) !== undefined;
  const engine = all && !engineInUse ? await engineRemovals(context, options) : noRemovals;
  const images = purge ? await imageRemovals(context, names, options) : noRemovals;
  return {
    removals: [
      ...clusters,
      ...images.removals,
      ...(purge ? foreign.map(removedWithEngine) : []),
      ...engine.removals,
      ...(purge ? await directoryRemovals(context, options) : []),
    ],
    kept: [
      ...elsewhere.map(({cluster, why}) => `cluster ${cluster}: ${why}`),
      ...images.kept,
      ...engine.kept,
      ...(engineInUse ? [`the docker engine: other containers run in it: ${foreignRunning.join(', ')}`] : []),
    ],
  };
};

/** Only for the list: the removal of the engine removes it. */
const removedWithEngine = ({kind, name}: ForeignContent): Removal => ({
  what: `${kind} ${name}, with the docker engine`,
  remove: async () => undefined,
});

/** kni-demo links the engine's docker command into the PATH, so users run other things with it. */
const refuseForeignContents = (foreign: readonly ForeignContent[]): void => {
  if (foreign.length === 0) return;
  throw new UserError({
    what: 'cannot remove the docker engine that kni-demo installed',
    why: [
      'it contains things that kni-demo did not make for this state directory:',
      ...foreign.map(({kind, name}) => `${kind} ${name}`),
    ].join('\n'),
    tryThis: 'remove them first, or remove them with the engine: kni-demo down --purge --purge-foreign',
    code: 'KNI-E405',
  });
};
