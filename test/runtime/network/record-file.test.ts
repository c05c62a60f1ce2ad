import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {decodeLine, putLine} from '../../../runtime/src/network/record-file.ts';
import {config, record} from '../../rig/runtime/records.ts';

describe('a line of the journal', () => {
  const line = putLine(record, () => 'name');
  const decoded = (text: string, configs: Readonly<Record<string, string>> = {name: config}) =>
    decodeLine(text, (name) => configs[name]);
  const outcomeOf = (text: string): string => {
    try {
      return decoded(text).kind;
    } catch (error) {
      return error instanceof Error ? error.name : 'surprise';
    }
  };

  it('decodes to the same record, without loss of digits', () => {
    const read = decoded(line);
    expect(read).toEqual({kind: 'put', record});
    const again = read.kind === 'put' ? putLine(read.record, () => 'name') : '';
    expect(again).toBe(line);
  });

  it('with a changed byte is decoded or fails with a known error', () => {
    const known = [
      'put',
      'version',
      'drop',
      'config',
      'SyntaxError',
      'TypeError',
      'InvalidConfig',
      'StateTooNew',
    ];
    fc.assert(
      fc.property(fc.nat(line.indexOf('\t') - 1), fc.string({minLength: 1, maxLength: 1}), (at, char) => {
        expect(outcomeOf(line.slice(0, at) + char + line.slice(at + 1))).toBeOneOf(known);
      }),
    );
  });

  it.each([
    ['no state', {state: undefined}],
    ['an unknown state', {state: 'happy'}],
    ['no sandbox, though attached', {sandbox: undefined}],
    ['no netns', {netns: 7}],
    ['no pod', {pod: null}],
  ])('with %s is refused', (_, fields) => {
    const {attachments: _unused, ...put} = {...record, ...fields};
    expect(() => decoded(JSON.stringify({put}))).toThrow(Error);
  });

  it('with a configuration that was never written is refused', () => {
    expect(() => decoded(line, {})).toThrow('configuration');
  });
});
