/** Entry point of the network runtime: flags, wiring, waiting. Only this module ends the process. */
import './v8-flags.ts';
import {once} from 'node:events';
import {CommandUsageError, isCommand, runCommand} from './client/main.ts';
import {startDaemon} from './daemon.ts';
import {UsageError} from './flag-values.ts';
import {defaultSocket, optionsFrom, usage} from './flags.ts';
import {errorCodeOf} from './lib/error-code.ts';
import {createLog, errorText, stdoutSink} from './log.ts';
import {isJournal, textLine} from './log-text.ts';

/** Milliseconds that the last log lines may take at exit when the reader of stdout is slow. */
const flushMs = 2_000;

const main = async (args: readonly string[]): Promise<void> => {
  if (isCommand(args) && !args.includes('--help')) {
    process.stdout.on('error', () => undefined); // print reports it
    await runCommand(args, defaultSocket, print);
    return;
  }
  const options = optionsFrom(args.includes('--help') ? ['--help'] : args);
  if (!options) {
    process.stdout.write(usage());
    return;
  }
  const output = stdoutSink();
  const log = createLog(output, {level: options.logLevel, ...(isJournal() ? {format: textLine} : {})});
  const signal = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  // The state in memory may be inconsistent now: a restart begins again from the records.
  process.on('uncaughtException', (error) => {
    log.error('uncaught exception, exiting', {error: errorText(error), stack: error.stack});
    void output.flush(flushMs).then(() => process.exit(1));
  });
  try {
    const daemon = await startDaemon(options, log);
    await signal;
    log.info('stopping');
    await daemon.stop();
    log.info('stopped');
  } catch (error) {
    log.error('the network runtime failed, exiting', {error: errorText(error)});
    process.exitCode = 1;
  } finally {
    await output.flush(flushMs);
  }
};

/** A pipe accepts 64 KiB at once: this waits until longer text is written, before the process ends. */
const print = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });

/** As after SIGPIPE, which Node.js ignores: `kni-runtime events --follow | head` ends without a message. */
const noReader = 141;

main(process.argv.slice(2))
  .catch((error: unknown) => {
    if (errorCodeOf(error) === 'EPIPE') return void (process.exitCode = noReader);
    process.stderr.write(`kni-runtime: ${errorText(error)}\n`);
    process.exitCode = error instanceof UsageError || error instanceof CommandUsageError ? 2 : 1;
  })
  // Pending timers and sockets must not keep a stopped network runtime alive.
  .finally(() => process.exit());
