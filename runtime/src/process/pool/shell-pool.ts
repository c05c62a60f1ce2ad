/** Keeps shells that wait for a program to start: as many as were needed at once, and fewer after a while. */
import type {Shell} from './shell.ts';

export interface ShellPool {
  /** Lends an idle shell, or a new one; nothing when there cannot be one. */
  take(): Promise<Shell | undefined>;
  giveBack(shell: Shell): void;
  /** Ends the idle ones; what is given back later ends then. */
  close(): void;
}

export interface ShellPoolOptions {
  readonly open: () => Promise<Shell>;
  /** How many are opened right away, so that the first programs need not wait, and kept for good. */
  readonly ready: number;
  /** They are opened then: each keeps the event loop for some milliseconds. */
  readonly when?: Promise<unknown> | undefined;
  /** Beyond those, what was not needed for so long is ended. */
  readonly idleMs: number;
}

export const createShellPool = ({open, ready, when, idleMs}: ShellPoolOptions): ShellPool => {
  const idle: Shell[] = []; // the one used last is at the end
  let fewest = 0; // were idle at any moment since the last look
  let isClosed = false;
  const openOne = (): Promise<Shell | undefined> => open().catch(() => undefined);
  const giveBack = (shell: Shell) => {
    if (isClosed) shell.close();
    else if (shell.isUsable()) idle.push(shell);
  };
  const shrink = () => {
    const unneeded = Math.max(0, Math.min(fewest, idle.length - ready));
    for (const shell of idle.splice(0, unneeded)) shell.close();
    fewest = idle.length;
  };
  const timer = setInterval(shrink, idleMs).unref();
  const openReady = async () => {
    await when;
    for (let count = 0; count < ready; count++) {
      if (isClosed) return;
      const shell = await openOne();
      if (shell) giveBack(shell);
    }
  };
  void openReady();
  return {
    take: async () => {
      while (idle.length > 0) {
        const shell = idle.pop();
        fewest = Math.min(fewest, idle.length);
        if (shell?.isUsable()) return shell;
      }
      return openOne();
    },
    giveBack,
    close: () => {
      isClosed = true;
      clearInterval(timer);
      for (const shell of idle.splice(0)) shell.close();
    },
  };
};
