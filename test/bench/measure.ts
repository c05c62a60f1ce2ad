/** Measures subjects side by side: they take turns, so that what happens to the machine happens to all of them. */
import type {Ask} from './client.ts';
import {lanes, type Step, type Subject} from './subject.ts';

/** In ms. */
export type Durations = ReadonlyMap<Step, readonly number[]>;

export interface Measuring {
  readonly ask: Ask;
  readonly cycles: number;
  readonly signal: AbortSignal;
}

/** One pod at a time. Returns the durations by subject. */
export const measureSteps = async (
  subjects: readonly Subject[],
  {ask, cycles, signal}: Measuring,
): Promise<Map<Subject, Durations>> => {
  const measured = new Map(subjects.map((subject) => [subject, new Map<Step, number[]>()]));
  for (let cycle = 0; cycle < cycles; cycle++) {
    for (const subject of rotated(subjects, cycle)) {
      signal.throwIfAborted();
      const {ms} = await ask({kind: 'run', subject: subject.id, cycles: 1, lanes: 1});
      const durations = measured.get(subject) ?? new Map<Step, number[]>();
      for (const [step, values] of Object.entries(ms) as [Step, number[]][])
        durations.set(step, [...(durations.get(step) ?? []), ...values]);
    }
  }
  return measured;
};

/** Turns of this many cycles: long enough that beginning and end, when not all lanes are busy, hardly count. */
const turn = lanes * 5;

/** Several pods at a time. Returns full cycles per second by subject. */
export const measureThroughput = async (
  subjects: readonly Subject[],
  {ask, cycles, signal}: Measuring,
): Promise<Map<Subject, number>> => {
  const total = new Map(subjects.map((subject) => [subject, 0]));
  let done = 0;
  for (let round = 0; done < cycles; round++) {
    const size = Math.min(turn, cycles - done);
    for (const subject of rotated(subjects, round)) {
      signal.throwIfAborted();
      const {seconds} = await ask({kind: 'run', subject: subject.id, cycles: size, lanes});
      total.set(subject, (total.get(subject) ?? 0) + seconds);
    }
    done += size;
  }
  return new Map([...total].map(([subject, seconds]) => [subject, cycles / seconds]));
};

/** No subject always comes right after the same other one. */
export const rotated = <T>(list: readonly T[], by: number): T[] => {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
};
