import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createLog, type LineFormat, type LogFields, logLevels} from '../../runtime/src/log.ts';
import {textLine} from '../../runtime/src/log-text.ts';
import {parseTextLine} from '../../src/cluster/log-line-text.ts';
import {parseLogLine} from '../../src/cluster/runtime-log.ts';

type Level = (typeof logLevels)[number];

/** The line as journald stores it: without the syslog prefix. */
const written = (format: LineFormat | undefined, level: Level, msg: string, fields?: LogFields): string => {
  let text = '';
  const log = createLog({write: (line) => (text += line)}, {level: 'debug', ...(format && {format})});
  log[level](msg, fields);
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).replace(/^<\d>/, '');
};
const text = (level: Level, msg: string, fields?: LogFields) => written(textLine, level, msg, fields);
const withoutTime = (line: string) => line.replace(/ time=\S+$/, '');

const pod = {rpc: 'AttachInterface', uid: 'b535', sandbox: 'c98606', pod: 'default/web', ms: 29.9};
const known = 'ipconfigs received for id: c98606 ip: map[eth0:ip:"10.244.1.2" mac:"0a:45:05:40:35:26"]';

/** Text that looks like what the format uses. */
const unit = fc.oneof(
  fc.constantFrom(
    ' ',
    '=',
    '"',
    '\\',
    '\n',
    '\t',
    '{',
    '[',
    '<',
    'a',
    'k=',
    ' k=',
    ' time=',
    'ERROR ',
    '1',
    '-',
    'é',
    '\u0085',
    '\u2028',
    '\ud800',
    '🦊',
  ),
  fc.string({unit: 'binary', minLength: 1, maxLength: 2}),
);
const anyText = fc.array(unit, {maxLength: 12}).map((parts) => parts.join(''));
const value = fc.oneof(
  anyText,
  fc.jsonValue(),
  fc.double(),
  fc.stringMatching(/^-?\d{1,4}(\.\d+)?(e\d+)?$/),
  fc.constant(undefined),
);
const key = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,9}$/);
const fieldsOf = (keys: fc.Arbitrary<string>) =>
  fc.dictionary(keys, value, {maxKeys: 6, noNullPrototype: true});

describe('the text in the journal', () => {
  it.each([
    [
      'info',
      'AttachInterface ok',
      pod,
      'AttachInterface ok pod=default/web ms=29.9 rpc=AttachInterface uid=b535 sandbox=c98606',
    ],
    [
      'warn',
      'bridge ADD failed',
      {error: 'no "x"\nfound', pod: 'a/b'},
      String.raw`WARN bridge ADD failed pod=a/b error="no \"x\"\nfound"`,
    ],
    ['error', 'SetupNodeNetwork failed', {ms: 4, error: ''}, 'ERROR SetupNodeNetwork failed error="" ms=4'],
    ['debug', 'a', {podCidrs: ['10.244.1.0/24']}, 'DEBUG a podCidrs=["10.244.1.0/24"]'],
    ['info', known, {sandbox: '123'}, `${known} sandbox="123"`],
    ['info', 'a=b', {}, '"a=b"'],
  ] as const)('is a message and its fields: %s %s', (level, msg, fields, line) => {
    expect(withoutTime(text(level, msg, fields))).toBe(line);
  });

  it('tells journald the level of each line, except of info', () => {
    const lines: string[] = [];
    const log = createLog({write: (line) => lines.push(line)}, {level: 'debug', format: textLine});
    for (const level of logLevels) log[level]('x');
    expect(lines.map((line) => /^<\d>/.exec(line)?.[0])).toEqual(['<7>', undefined, '<4>', '<3>']);
  });

  it('has no control characters, which journalctl would hide', () => {
    fc.assert(
      fc.property(fc.constantFrom(...logLevels), anyText, fieldsOf(key), (level, msg, fields) => {
        expect(text(level, msg, fields)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it('is parsed back without loss', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...logLevels),
        anyText,
        fieldsOf(fc.oneof(key, anyText, fc.constantFrom('pod', 'time', 'level', 'msg', 'error', 'rpc'))),
        (level, msg, fields) => {
          const time = '2026-11-28T15:47:09.238Z';
          const record = JSON.parse(written(undefined, level, msg, {time, ...fields})) as LogFields;
          const line = text(level, msg, {time, ...fields});
          const parsed = line.startsWith('{') ? (JSON.parse(line) as LogFields) : parseTextLine(line);
          expect(parsed).toEqual(record);
        },
      ),
      {numRuns: 3_000},
    );
  });

  it('is text for every record with usual keys', () => {
    fc.assert(
      fc.property(fc.constantFrom(...logLevels), anyText, fieldsOf(key), (level, msg, fields) => {
        const {time: _time, level: _level, msg: _msg, ...usual} = fields;
        const line = text(level, msg, usual);
        expect(line).not.toMatch(/^\{/);
        expect(parseLogLine(line)).toMatchObject({level, msg});
      }),
    );
  });

  it.each([
    'Started kni.service - KNI network runtime.',
    'kni.service: Consumed 1.5s CPU time.',
    'kni.service: Main process exited, code=exited, status=1/FAILURE',
    'a b=c',
    'a time=yesterday',
    'a b="open time=2026-11-28T15:47:09.238Z',
    'a b=[1 time=2026-11-28T15:47:09.238Z',
    '"a b=1 time=2026-11-28T15:47:09.238Z',
  ])('does not take %j for a line of the runtime', (line) => {
    expect(parseLogLine(line)).toBeUndefined();
  });

  it('is parsed in linear time, also when it is hostile', () => {
    const begun = performance.now();
    for (const line of [
      ' a'.repeat(100_000),
      ' a='.repeat(100_000),
      `a b="${'\\"'.repeat(100_000)}`,
      ' time='.repeat(100_000),
    ])
      expect(parseTextLine(line)).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});
