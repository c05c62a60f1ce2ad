/** The log: one JSON line per event on stdout, `level`, `msg` and `time` first, where journald takes it. */
import {destination, type Level, pino} from 'pino';

/** What a line may say besides its message; a field without a value is left out. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(msg: string, fields?: LogFields): void;
  info(msg: string, fields?: LogFields): void;
  warn(msg: string, fields?: LogFields): void;
  error(msg: string, fields?: LogFields): void;
}

/** An object so that `createLog` and the tests' sinks agree; pino's own destination writes synchronously. */
export interface LogSink {
  write(line: string): void;
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly Level[];
export type LogLevel = (typeof logLevels)[number];

export const createLog = (
  level: LogLevel = 'info',
  sink: LogSink = destination({fd: 1, sync: true}),
): Log => {
  // pino itself would put `msg` last and `time` as a number: both go in as ordinary fields, in our order.
  const logger = pino(
    {level, base: null, timestamp: false, formatters: {level: (label) => ({level: label})}},
    sink,
  );
  const line = (at: LogLevel) => (msg: string, fields?: LogFields) => {
    logger[at]({msg, time: new Date().toISOString(), ...fields});
  };
  return {debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error')};
};

/** The text of whatever was thrown, with its causes, on one line. */
export const errorText = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${errorText(error.cause)}`;
};
