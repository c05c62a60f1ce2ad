import {describe, expect, it} from 'vitest';
import {UserError} from '../src/errors.ts';
import {exitCodes} from '../src/exit-codes.ts';

describe('UserError', () => {
  it('reports in one message what failed and why', () => {
    const error = new UserError({
      code: 'KNI-E100',
      what: 'unknown stack x',
      why: 'there is bookworm',
      tryThis: 'name it',
    });
    expect(error.message).toBe('unknown stack x: there is bookworm');
    expect(error.exitCode).toBe(exitCodes.failed);
    expect(error.log).toBeUndefined();
  });

  it('keeps its cause', () => {
    const cause = new Error('ENOSPC');
    const error = new UserError({what: 'a', why: 'b', tryThis: 'c', code: 'KNI-E300', log: '/log'}, {cause});
    expect(error).toMatchObject({cause, exitCode: 3, log: '/log'});
  });
});

describe('exitCodes', () => {
  it('are what docs/commands.md documents', () => {
    expect(exitCodes).toEqual({
      ok: 0,
      failed: 1,
      badInput: 2,
      hostLacks: 3,
      conflict: 4,
      busy: 5,
      cancelled: 130,
      noReader: 141,
    });
  });
});
