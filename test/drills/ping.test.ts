import {describe, expect, it} from 'vitest';
import {parsePing} from '../../src/drills/ping.ts';

/** As busybox prints it. */
const printed = (sent: number, answers: readonly (readonly [sequence: number, ms: number])[]): string =>
  [
    'PING 10.244.0.5 (10.244.0.5): 56 data bytes',
    ...answers.map(([sequence, ms]) => `64 bytes from 10.244.0.5: seq=${sequence} ttl=62 time=${ms} ms`),
    '',
    '--- 10.244.0.5 ping statistics ---',
    `${sent} packets transmitted, ${answers.length} packets received, 0% packet loss`,
  ].join('\n');

describe('the gaps of a ping', () => {
  it('are the interval if nothing is lost', () => {
    const answers = [0, 1, 2, 3].map((sequence) => [sequence, 0.1] as const);
    expect(parsePing(printed(4, answers))).toEqual({sent: 4, lost: 0, longestGap: 100});
  });

  it('span lost packets', () => {
    const answers = [0, 1, 5, 6].map((sequence) => [sequence, 0.1] as const);
    expect(parsePing(printed(7, answers))).toEqual({sent: 7, lost: 3, longestGap: 400});
  });

  it('count a late answer', () => {
    expect(
      parsePing(
        printed(3, [
          [0, 1],
          [1, 1_401],
          [2, 1_302],
        ]),
      ),
    ).toEqual({sent: 3, lost: 0, longestGap: 1_500});
  });

  it('count losses at the beginning and at the end', () => {
    expect(
      parsePing(
        printed(20, [
          [12, 0],
          [13, 0],
        ]),
      ),
    ).toEqual({sent: 20, lost: 18, longestGap: 1_200});
    expect(
      parsePing(
        printed(20, [
          [0, 0],
          [1, 0],
        ]),
      ),
    ).toEqual({sent: 20, lost: 18, longestGap: 1_900});
    expect(parsePing(printed(20, []))).toEqual({sent: 20, lost: 20, longestGap: 2_000});
  });

  it('count a duplicate once', () => {
    expect(
      parsePing(
        printed(2, [
          [0, 0],
          [0, 5],
          [1, 0],
        ]),
      ),
    ).toEqual({sent: 2, lost: 0, longestGap: 100});
  });
});

it('rejects the output of a ping that could not start', () => {
  expect(() => parsePing('ping: bad address')).toThrow('cannot read the output of ping: ping: bad address');
});
