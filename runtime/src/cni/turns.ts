/**
 * Garbage collection of a network may not run beside its other operations (CNI spec, section 3, "Lifecycle &
 * Ordering"): what is being added is not yet known to be valid.
 */

export interface Turns {
  /** ADD, DEL or CHECK, beside others of their kind. */
  shared<T>(network: string, work: () => Promise<T>): Promise<T>;
  /**
   * GC: waits for what is under way, while what comes later waits for it. A signal that aborts before its turn has
   * come ends all this waiting, so that one plugin that hangs does not stop the network.
   */
  alone<T>(network: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

interface Waiting {
  readonly alone: boolean;
  readonly begin: () => void;
}

export const createTurns = (): Turns => {
  const networks = new Map<string, {running: number; alone: boolean; waiting: Waiting[]}>();

  const admit = (network: string) => {
    const state = networks.get(network);
    if (!state) return;
    for (let next = state.waiting[0]; next && !state.alone; next = state.waiting[0]) {
      if (next.alone && state.running > 0) return;
      state.waiting.shift();
      state.running++;
      state.alone = next.alone;
      next.begin();
    }
    if (state.running === 0 && state.waiting.length === 0) networks.delete(network);
  };

  const turn = async <T>(
    network: string,
    alone: boolean,
    work: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    signal?.throwIfAborted();
    const state = networks.get(network) ?? {running: 0, alone: false, waiting: []};
    networks.set(network, state);
    const admitted = await new Promise<boolean>((resolve) => {
      const giveUp = () => {
        state.waiting = state.waiting.filter((each) => each !== entry);
        resolve(false);
        admit(network);
      };
      const begin = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve(true);
      };
      const entry: Waiting = {alone, begin};
      signal?.addEventListener('abort', giveUp, {once: true});
      state.waiting.push(entry);
      admit(network);
    });
    if (!admitted) signal?.throwIfAborted();
    try {
      return await work();
    } finally {
      state.running--;
      state.alone = false;
      admit(network);
    }
  };

  return {
    shared: (network, work) => turn(network, false, work),
    alone: (network, work, signal) => turn(network, true, work, signal),
  };
};
