/** The end of the process. Only this module of the SDK ends it. */
import {errorText, type Log} from '../log.ts';
import {stopPrograms} from './exec.ts';
import {flushLog} from './log.ts';

/** Calls `stop` once at SIGTERM or SIGINT, and then ends the process. */
export const endOnSignal = (stop: () => Promise<void>, log: Log): void => {
  const end = async (): Promise<void> => {
    log.info('stopping');
    await stop();
    stopPrograms();
    log.info('stopped');
    await flushLog();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end());
  // The state in memory may be inconsistent now: a restart begins again from the records.
  process.on('uncaughtException', (error) => {
    log.error('uncaught exception, exiting', {error: errorText(error), stack: error.stack});
    void flushLog().then(() => process.exit(1));
  });
};
