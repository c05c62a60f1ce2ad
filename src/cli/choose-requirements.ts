/** Chooses requirements of the conformance suite by --group and --requirement. */

import type {Group, Requirement} from '../conformance/requirement.ts';
import {UserError} from '../errors.ts';

export interface Choice {
  readonly group?: readonly string[];
  readonly requirement?: readonly string[];
}

export interface Chosen {
  readonly group: Group;
  readonly requirement: Requirement;
}

/** Without a choice, all of them. Ids may be short: `L03`. Throws UserError for an unknown group or id. */
export const chooseRequirements = (
  groups: readonly Group[],
  {group: names = [], requirement: ids = []}: Choice,
): readonly Chosen[] => {
  const all = groups.flatMap((group) => group.requirements.map((requirement) => ({group, requirement})));
  refuseUnknown(
    'group',
    names,
    groups.map(({name}) => name),
  );
  const wanted = ids.map(fullId);
  refuseUnknown(
    'requirement',
    wanted,
    all.map(({requirement}) => requirement.id),
  );
  if (names.length + wanted.length === 0) return all;
  return all.filter(({group, requirement}) => names.includes(group.name) || wanted.includes(requirement.id));
};

/** `l03` → `KNI-L03` */
const fullId = (id: string): string => `KNI-${id.toUpperCase().replace(/^KNI-/, '')}`;

const refuseUnknown = (what: string, given: readonly string[], known: readonly string[]): void => {
  const unknown = given.filter((each) => !known.includes(each));
  if (unknown.length === 0) return;
  throw new UserError({
    what: `unknown ${what}${unknown.length > 1 ? 's' : ''} ${unknown.join(', ')}`,
    why:
      known.length > 20
        ? `the ${what}s are ${known[0]} to ${known.at(-1)}`
        : `the ${what}s are ${known.join(', ')}`,
    tryThis: 'kni-demo runtime test --list',
    code: 'KNI-E217',
  });
};
