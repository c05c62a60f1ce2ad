/** The log of the runtime, which the proof of kni-demo reads. */
import {createLog, type Log, stdoutSink} from '../log.ts';
import {isJournal, textLine} from '../log-text.ts';

const sink = stdoutSink();

/**
 * Writes one line per call to standard output: text if systemd's journal reads it, otherwise JSON with `level`, `msg`, `time`
 * (RFC 3339) and the fields. `serve` logs the end of every RPC by itself.
 */
export const log: Log = createLog(sink, isJournal() ? {format: textLine} : {});

/** Milliseconds that the last lines may take at exit when the reader of stdout is slow. */
const flushMs = 2_000;

export const flushLog = (): Promise<void> => sink.flush(flushMs);
