/** Measures subjects side by side: they take turns, so that what happens to the machine happens to all of them. */
import {lanes, type Step, type Subject, type Timed} from './subject.ts';

/** In ms. */
export type Durations = ReadonlyMap<Step, readonly number[]>;

const untimed: Timed = (_, work) => work();

/** One pod at a time. Returns the durations by subject. */
export const measureSteps = async (
  subjects: readonly Subject[],
  cycles: number,
  signal: AbortSignal,
): Promise<Map<Subject, Durations>> => {
  const measured = new Map(subjects.map((subject) => [subject, new Map<Step, number[]>()]));
  for (const subject of subjects) await subject.cycle(0, untimed); // what only the first one has to do
  for (let cycle = 0; cycle < cycles; cycle++) {
    for (const subject of rotated(subjects, cycle)) {
      signal.throwIfAborted();
      const durations = measured.get(subject) ?? new Map<Step, number[]>();
      await subject.cycle(0, async (step, work) => {
        const begin = performance.now();
        const done = await work();
        const ms = performance.now() - begin;
        durations.set(step, [...(durations.get(step) ?? []), ms]);
        return done;
      });
    }
  }
  return measured;
};

/** Turns of this many cycles: long enough that beginning and end, when not all lanes are busy, hardly count. */
const turn = lanes * 5;

/** Several pods at a time. Returns full cycles per second by subject. */
export const measureThroughput = async (
  subjects: readonly Subject[],
  cycles: number,
  signal: AbortSignal,
): Promise<Map<Subject, number>> => {
  const seconds = new Map(subjects.map((subject) => [subject, 0]));
  let done = 0;
  for (let round = 0; done < cycles; round++) {
    const size = Math.min(turn, cycles - done);
    for (const subject of rotated(subjects, round)) {
      const begin = performance.now();
      await runCycles(subject, size, signal);
      seconds.set(subject, (seconds.get(subject) ?? 0) + (performance.now() - begin) / 1000);
    }
    done += size;
  }
  return new Map([...seconds].map(([subject, total]) => [subject, cycles / total]));
};

/** So many full cycles, as many at a time as there are lanes. */
export const runCycles = async (subject: Subject, cycles: number, signal: AbortSignal): Promise<void> => {
  let begun = 0;
  const run = async (lane: number) => {
    while (begun < cycles) {
      signal.throwIfAborted();
      begun++;
      await subject.cycle(lane, untimed);
    }
  };
  const all = await Promise.allSettled(Array.from({length: lanes}, (_, lane) => run(lane)));
  for (const end of all) if (end.status === 'rejected') throw end.reason;
};

/** Nobody always comes right after the same other one. */
const rotated = <T>(list: readonly T[], by: number): T[] => {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
};
