import {describe, expect, it} from 'vitest';
import {UserError} from '../../src/errors.ts';
import {CommandError} from '../../src/host/command-error.ts';
import {DeadlineExceeded} from '../../src/host/wait-until.ts';
import {explainProof} from '../../src/runtimes/renew-pod.ts';

describe('an error during a proof', () => {
  const gone = new CommandError(['docker', ['exec']], {reason: 'exit code 1', output: 'node is not running'});

  it.each([
    ['of a command', gone, 'node is not running'],
    [
      'of the deadline',
      new DeadlineExceeded({what: 'the proof to succeed', atMost: 10_000}, gone),
      'waited 10 s for the proof to succeed; last seen: node is not running (exit code 1: docker exec)',
    ],
  ])('is expected, if it is an error %s', (_, error, why) => {
    expect(explainProof(error)).toBeInstanceOf(UserError);
    expect(explainProof(error)).toMatchObject({errorCode: 'KNI-E102', why});
  });

  it('is not changed if it is unexpected', () => {
    const bug = new TypeError('bug');
    expect(explainProof(bug)).toBe(bug);
  });
});
