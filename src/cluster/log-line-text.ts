/** Parses the text that the network runtime writes to the journal (runtime/src/log-text.ts): `message key=value …`. */

const levels: Readonly<Record<string, string>> = {DEBUG: 'debug', WARN: 'warn', ERROR: 'error'};

/** The message has no `=` unless it is quoted, so the last blank before the first `=` ends it. */
const whole =
  /^(?:(DEBUG|WARN|ERROR) )?("(?:[^"\\]|\\.)*"|[^"=]?[^=]*)((?: [A-Za-z_][\w.-]*=.*)? time=[\dT:.-]+Z)$/s;
/** A value is one word; blanks are only inside of quotes. */
const field = / ([A-Za-z_][\w.-]*)=((?:"(?:[^"\\]|\\.)*"|[^\s"])*)/y;
const isJson = /^(?:["{[]|(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$)/;

const valueOf = (text: string): unknown => (isJson.test(text) ? JSON.parse(text) : text);

/** The record that was logged; undefined for lines of other programs, such as systemd. */
export const parseTextLine = (line: string): Readonly<Record<string, unknown>> | undefined => {
  const match = whole.exec(line);
  if (!match) return undefined;
  const [, level = '', msg = '', rest = ''] = match;
  try {
    return {
      level: levels[level] ?? 'info',
      msg: msg.startsWith('"') ? (JSON.parse(msg) as unknown) : msg,
      ...fieldsOf(rest),
    };
  } catch {
    return undefined;
  }
};

/** Throws SyntaxError when the text is not a list of fields. */
const fieldsOf = (text: string): Readonly<Record<string, unknown>> => {
  const entries: [string, unknown][] = [];
  field.lastIndex = 0;
  let end = 0;
  for (let match = field.exec(text); match; match = field.exec(text)) {
    entries.push([match[1] ?? '', valueOf(match[2] ?? '')]);
    end = field.lastIndex;
  }
  if (end !== text.length) throw new SyntaxError(`invalid field: ${text.slice(end)}`);
  return Object.fromEntries(entries);
};
