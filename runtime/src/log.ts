/** The log: one JSON line per event on stdout, `level`, `msg` and `time` first. journald collects it. */

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

export const createLog = (level: LogLevel = 'info', sink: LogSink = createLineBuffer(stdout())): Log => {
  const line = (at: LogLevel) => (msg: string, fields?: LogFields) => {
    if (logLevels.indexOf(at) < logLevels.indexOf(level)) return;
    sink.write(`${jsonOf({level: at, msg, time: new Date().toISOString()}, fields)}\n`);
  };
  return {debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error')};
};

/** Leaves out fields that JSON cannot express: to log must never throw. */
const jsonOf = (head: LogFields, fields: LogFields | undefined): string => {
  try {
    return JSON.stringify({...head, ...fields});
  } catch {
    return JSON.stringify(head);
  }
};

/** In bytes; enough for thousands of lines. */
const mostWaiting = 4 * 1024 * 1024;

/** Drops lines that nobody reads: they must neither end the process nor fill its memory. */
const stdout = (): LogSink => {
  process.stdout.on('error', () => undefined);
  return {
    write: (lines) => {
      if (process.stdout.writableLength < mostWaiting) process.stdout.write(lines);
    },
  };
};

/** An answer takes two turns of the event loop: its message and its status are sent one after the other. */
const bufferedMs = 5;

/**
 * Writes lines together, some milliseconds after the first of them: an answer need not wait for the reader of the log. Only
 * a kill or a crash of Node.js loses the lines of these milliseconds.
 */
export const createLineBuffer = (sink: LogSink): LogSink => {
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
  };
};

/** The message of anything that was thrown, followed by the messages of its causes. */
export const errorText = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${errorText(error.cause)}`;
};
