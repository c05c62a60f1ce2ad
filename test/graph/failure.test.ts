import {describe, expect, it} from 'vitest';
import {describeFailure} from '../../src/graph/failure.ts';

describe('describeFailure', () => {
  it.each([
    [{kind: 'threw', error: new Error('boom')} as const, 'boom'],
    [{kind: 'dependency', on: 'build/kubelet'} as const, 'not started: build/kubelet failed'],
    [{kind: 'cancelled'} as const, 'cancelled'],
  ])('%j', (failure, line) => {
    expect(describeFailure(failure)).toBe(line);
  });
});
