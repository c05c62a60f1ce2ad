/** Chooses the life that the page shows. Pure. */

import type {Life} from './life.ts';
import type {Model} from './model.ts';

export interface Choice {
  /** The life that the user has chosen; otherwise the page follows the newest pod. */
  readonly life: string | undefined;
  /** The bar whose request and response are shown. A newer pod must not replace them. */
  readonly bar: number | undefined;
}

export const shownLifeOf = ({lives}: Pick<Model, 'lives'>, {life, bar}: Choice): Life | undefined => {
  const chosen = lives.get(life ?? '');
  if (chosen !== undefined) return chosen;
  let youngest: Life | undefined;
  for (const each of lives.values()) {
    if (bar !== undefined && each.bars.some(({id}) => id === bar)) return each;
    if (youngest === undefined || each.begun > youngest.begun) youngest = each;
  }
  return youngest;
};
