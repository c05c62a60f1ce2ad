/** Keeps idle shells for the next programs. The pool grows to the number used at once, and shrinks after a while. */
import type {Shell} from './shell.ts';

export interface ShellPool {
  /** Lends an idle shell or opens one; undefined if that fails. */
  take(): Promise<Shell | undefined>;
  giveBack(shell: Shell): void;
  /** Closes the idle shells now, and lent shells when they are given back. */
  close(): void;
}

export interface ShellPoolOptions {
  readonly open: () => Promise<Shell>;
  /** This many shells are opened in advance and kept, so that the first programs need not wait. */
  readonly ready: number;
  /** Delays their opening: each blocks the event loop for some milliseconds. */
  readonly when?: Promise<unknown> | undefined;
  /** Any other shell is closed after it was idle this long. */
  readonly idleMs: number;
}

export const createShellPool = ({open, ready, when, idleMs}: ShellPoolOptions): ShellPool => {
  const idle: Shell[] = []; // the last one was used most recently
  let fewest = 0; // the lowest number of idle shells since the last `shrink`
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
