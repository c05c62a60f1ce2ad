/** The log: one line per event on stdout. It is JSON, `level`, `msg` and `time` first; journald gets text (log-text.ts). */
import {setTimeout as delay} from 'node:timers/promises';

/** The fields of a line beside its message; fields without a value are left out. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(msg: string, fields?: LogFields): void;
  info(msg: string, fields?: LogFields): void;
  warn(msg: string, fields?: LogFields): void;
  error(msg: string, fields?: LogFields): void;
}

/** Where lines go: stdout, or a buffer in tests. */
export interface LogSink {
  write(line: string): void;
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Returns the record as one line, without its end. May throw what `JSON.stringify` throws. */
export type LineFormat = (level: LogLevel, record: LogFields) => string;

const jsonLine: LineFormat = (_level, record) => JSON.stringify(record);

export interface LogOptions {
  /** The lowest level that is written. */
  readonly level?: LogLevel | undefined;
  readonly format?: LineFormat;
}

export const createLog = (sink: LogSink, {level = 'info', format = jsonLine}: LogOptions = {}): Log => {
  const line = (at: LogLevel) => (msg: string, fields?: LogFields) => {
    if (logLevels.indexOf(at) < logLevels.indexOf(level)) return;
    sink.write(`${lineOf({level: at, msg, time: new Date().toISOString()}, fields, format)}\n`);
  };
  return {debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error')};
};

interface Head {
  readonly level: LogLevel;
  readonly msg: string;
  readonly time: string;
}

/** Leaves out fields that JSON cannot express: to log must never throw. */
const lineOf = (head: Head, fields: LogFields | undefined, format: LineFormat): string => {
  try {
    return format(head.level, {...head, ...fields});
  } catch {
    return format(head.level, {...head});
  }
};

/** In bytes; enough for thousands of lines. */
const mostWaiting = 4 * 1024 * 1024;

/** A sink that may hold lines back for a while. */
export interface BufferedSink extends LogSink {
  /** Resolves when every line is written, or after `atMost` milliseconds: a reader that hangs must not keep the process. */
  flush(atMost: number): Promise<void>;
}

/** Drops lines that its reader does not take: they must neither end the process nor fill its memory. */
export const stdoutSink = (): BufferedSink => {
  const {stdout} = process;
  stdout.on('error', () => undefined);
  const buffer = createLineBuffer({
    write: (lines) => {
      if (stdout.writableLength < mostWaiting) stdout.write(lines);
    },
  });
  return {
    write: (line) => buffer.write(line),
    // A full pipe takes nothing more, and process.exit() drops what waits for it.
    async flush(atMost) {
      buffer.flush();
      if (stdout.writableLength === 0) return;
      const written = new Promise<void>((resolve) => {
        stdout.write('', () => resolve());
      });
      await Promise.race([written, delay(atMost)]);
    },
  };
};

/** An answer takes two turns of the event loop: its message and its status are sent one after the other. */
const bufferedMs = 5;

/**
 * Writes lines together, some milliseconds after the first of them: an answer need not wait for the reader of the log. Only
 * a kill or a crash of Node.js loses the lines of these milliseconds.
 */
export const createLineBuffer = (sink: LogSink): LogSink & {readonly flush: () => void} => {
  let lines = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const written = lines;
    lines = '';
    if (written) sink.write(written);
  };
  process.once('exit', flush);
  return {
    write: (line) => {
      lines += line;
      timer ??= setTimeout(flush, bufferedMs);
    },
    flush,
  };
};

/** The message of anything that was thrown, followed by the messages of its causes. */
export const errorText = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${errorText(error.cause)}`;
};
