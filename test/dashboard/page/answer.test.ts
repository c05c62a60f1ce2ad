import {describe, expect, it} from 'vitest';
import {readAnswer} from '../../../src/dashboard/page/model/answer.ts';

describe('the answer to an action', () => {
  it('is what the dashboard says', () => {
    const response = {ok: true, commandLine: 'kni-demo pod create web', output: 'done'};
    expect(readAnswer(JSON.stringify(response), 200)).toEqual(response);
  });

  it.each([
    ['unknown token\n', 404, 'unknown token'],
    ['', 500, 'the dashboard answered 500'],
    ['null', 502, 'null'],
    ['{}', 500, 'the dashboard answered 500'],
    ['{"error": {"what": "no cluster", "why": "it is deleted"}}', 409, 'no cluster: it is deleted'],
  ])('%j is a refusal', (text, status, output) => {
    expect(readAnswer(text, status)).toEqual({ok: false, commandLine: '', output});
  });
});
