/** Finds the chosen bar again after the feed has begun again, for example after a broken connection: bars then have other ids. Pure. */

import type {Bar, Life} from './life.ts';
import type {Model} from './model.ts';

export interface SoughtBar extends Pick<Bar, 'id' | 'lane' | 'label' | 'start'> {
  /** Id of the life. */
  readonly life: string;
}

type Lives = Pick<Model, 'lives'>;

const barsIn = ({lives}: Lives): readonly (readonly [Life, Bar])[] =>
  [...lives.values()].flatMap((life) => life.bars.map((bar) => [life, bar] as const));

export const soughtBarOf = (model: Lives, id: number | undefined): SoughtBar | undefined => {
  const [life, bar] = barsIn(model).find(([, each]) => each.id === id) ?? [];
  return life && bar && {id: bar.id, life: life.id, lane: bar.lane, label: bar.label, start: bar.start};
};

/** The id that the bar has now. */
export const foundBarIn = ({lives}: Lives, {life, lane, label, start}: SoughtBar): number | undefined =>
  lives.get(life)?.bars.find((bar) => bar.lane === lane && bar.label === label && bar.start === start)?.id;
