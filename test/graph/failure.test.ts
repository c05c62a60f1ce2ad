import {describe, expect, it} from 'vitest';
import {describeFailure} from '../../src/graph/failure.ts';

describe('describeFailure', () => {
  it.each([
    [{reason: 'threw', error: new Error('boom')} as const, 'boom'],
    [{reason: 'dependency', on: 'build/kubelet'} as const, 'not started: build/kubelet failed'],
    [{reason: 'cancelled'} as const, 'cancelled'],
  ])('%j', (failure, line) => {
    expect(describeFailure(failure)).toBe(line);
  });
});
