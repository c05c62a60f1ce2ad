/**
 * Log lines for people who read the journal: `AttachInterface ok pod=default/web ms=29.9 rpc=… time=…`. They can be parsed back
 * without loss (src/cluster/log-line-text.ts of the command line). See docs/decisions/0011-text-in-the-journal.md.
 */
import {fstatSync} from 'node:fs';
import type {LineFormat, LogFields, LogLevel} from './log.ts';

/** The level as syslog's number, which journald reads and removes. Info is its default. */
const priorities = {debug: '<7>DEBUG ', info: '', warn: '<4>WARN ', error: '<3>ERROR '} satisfies Record<
  LogLevel,
  string
>;

/** The most useful fields, which must fit on a narrow screen. */
const firstFields = ['pod', 'error', 'reason', 'ready', 'ms'];
/** Long identifiers, and what the message says already. `time` is last: it marks the line as one of the network runtime. */
const lastFields = ['rpc', 'uid', 'sandbox', 'netns', 'correlation', 'time'];

const isKey = (key: string): boolean => /^[A-Za-z_][\w.-]*$/.test(key);
const isTime = (time: unknown): boolean =>
  typeof time === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time);
const isBareMessage = (msg: string): boolean =>
  /^[^\s"{<=\p{C}](?:[^=\p{C}]*[^\s=\p{C}])?$/u.test(msg) && !/^(?:DEBUG|WARN|ERROR) /.test(msg);
/** Strings that would be read as JSON need quotes. */
const isBareValue = (value: string): boolean =>
  /^[\w./:@%+,~-]+$/.test(value) && !/^(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/.test(value);

/** journalctl shows a line with control characters as `[123B blob data]`; JSON does not escape all of them. */
const quote = (json: string): string =>
  json.replace(/[\u007f-\u009f]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`);

/** JSON for a record that text cannot express; this program has none. */
export const textLine: LineFormat = (level, record) => textOf(level, record) ?? JSON.stringify(record);

const textOf = (level: LogLevel, record: LogFields): string | undefined => {
  const {level: recordLevel, msg, ...fields} = record;
  if (recordLevel !== level || typeof msg !== 'string' || !isTime(fields['time'])) return undefined;
  const keys = Object.keys(fields);
  if (!keys.every(isKey)) return undefined;
  const middle = keys.filter((key) => !firstFields.includes(key) && !lastFields.includes(key));
  const words = [...firstFields, ...middle, ...lastFields].flatMap((key) => {
    const json = JSON.stringify(fields[key]) as string | undefined;
    if (json === undefined) return [];
    const value: unknown = fields[key];
    return `${key}=${typeof value === 'string' && isBareValue(value) ? value : quote(json)}`;
  });
  return [priorities[level] + (isBareMessage(msg) ? msg : quote(JSON.stringify(msg))), ...words].join(' ');
};

/** Whether journald reads stdout: systemd sets JOURNAL_STREAM to the device and inode of the stream that it made. */
export const isJournal = (stream = process.env['JOURNAL_STREAM'], descriptor = 1): boolean => {
  try {
    const {dev, ino} = fstatSync(descriptor, {bigint: true});
    return stream === `${dev}:${ino}`;
  } catch {
    return false; // stdout is closed
  }
};
