/** A program that was started before its stdin is known. It waits for it. */
import type {Command, Ending, LaterInput} from './command.ts';

export interface EarlyProgram {
  /**
   * Gives the program its stdin and waits for its ending, as Exec does. If the program has ended before, or could not be
   * started, it is started again in the usual way.
   */
  run(input: Input): Promise<Ending>;
  /** Kills the program unless it has got its stdin. Resolves when its process group is gone. */
  cancel(): Promise<void>;
}

type Input = Required<Pick<Command, 'stdin' | 'timeoutMs'>>;

/** `start` returns undefined if the program could not be started. */
export const createEarlyProgram = (
  start: (input: LaterInput) => Promise<Ending | undefined>,
  startUsually: (input: Input) => Promise<Ending>,
): EarlyProgram => {
  let give: ((input: Input | undefined) => void) | undefined;
  const input: LaterInput = new Promise((resolve) => {
    give = resolve;
  });
  let hasEnded = false;
  const ending = start(input).finally(() => {
    hasEnded = true;
  });
  return {
    run: async (given) => {
      give?.(hasEnded ? undefined : given);
      if (hasEnded) return await startUsually(given);
      return (await ending) ?? (await startUsually(given));
    },
    cancel: async () => {
      give?.(undefined);
      await ending;
    },
  };
};
