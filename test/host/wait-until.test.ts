import {describe, expect, it} from 'vitest';
import {CommandError} from '../../src/host/command-error.ts';
import {DeadlineExceeded, type Wait, waitUntil} from '../../src/host/wait-until.ts';
import {fakeClock} from '../rig/fake-clock.ts';

const wait = (options: Partial<Wait> = {}): Wait => ({
  what: 'all nodes to be Ready',
  every: 1_000,
  atMost: 5_000,
  signal: new AbortController().signal,
  clock: fakeClock(),
  ...options,
});

/** A probe that answers one after the other, then the last for ever; an Error is thrown. */
const probeOf = (...answers: readonly unknown[]) => {
  const probe = async (): Promise<unknown> => {
    const answer = answers[Math.min(probe.count, answers.length - 1)];
    probe.count += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  probe.count = 0;
  return probe;
};

describe('a wait for a command', () => {
  it('names the last line of the command, not only its exit code', async () => {
    const {signal} = new AbortController();
    const probe = () =>
      Promise.reject(
        new CommandError(['kubectl', ['get', 'nodes']], {
          reason: 'exit code 1',
          output: 'E1128 first\nThe connection to the server was refused',
        }),
      );
    await expect(waitUntil({what: 'nodes', every: 1, atMost: 20, signal}, probe)).rejects.toThrow(
      'for nodes; last seen: The connection to the server was refused (exit code 1: kubectl get nodes)',
    );
  });
});

describe('waitUntil', () => {
  it('returns the first value', async () => {
    const probe = probeOf(undefined, undefined, 'ready', 'late');
    await expect(waitUntil(wait(), probe)).resolves.toBe('ready');
    expect(probe.count).toBe(3);
  });

  it.each([0, '', false, null])('takes %j for a value', async (value) => {
    await expect(waitUntil(wait(), probeOf(undefined, value))).resolves.toBe(value);
  });

  it('asks at once, and then in the given interval', async () => {
    const clock = fakeClock();
    const times: number[] = [];
    await waitUntil(wait({clock}), async () => {
      times.push(clock.now());
      return times.length === 4 ? true : undefined;
    });
    expect(times).toEqual([0, 1_000, 2_000, 3_000]);
  });

  it('treats a probe that throws as not ready', async () => {
    await expect(waitUntil(wait(), probeOf(new Error('connection refused'), 'ready'))).resolves.toBe('ready');
  });

  it('names the awaited state, the time, and the last value', async () => {
    const cause = new Error('connection refused');
    await expect(waitUntil(wait(), probeOf(new Error('earlier'), cause))).rejects.toMatchObject({
      name: 'DeadlineExceeded',
      what: 'all nodes to be Ready',
      message: 'waited 5 s for all nodes to be Ready; last seen: connection refused',
      cause,
    });
  });

  it('does not blame an error that went away', async () => {
    await expect(waitUntil(wait(), probeOf(new Error('earlier'), undefined))).rejects.toThrow(
      /^waited 5 s for all nodes to be Ready$/,
    );
  });

  it('aborts a probe that hangs, and reports that', async () => {
    let told: AbortSignal | undefined;
    const hangs = waitUntil(wait(), (signal) => {
      told = signal;
      return new Promise(() => {});
    });
    await expect(hangs).rejects.toThrow(DeadlineExceeded);
    expect(told?.aborted).toBe(true);
  });

  it('ends with the reason of the signal, also while a probe hangs', async () => {
    const cancel = new AbortController();
    const hangs = waitUntil(wait({signal: cancel.signal, clock: {now: () => 0, sleep: sleepForever}}), () => {
      queueMicrotask(() => cancel.abort(new Error('Ctrl-C')));
      return new Promise(() => {});
    });
    await expect(hangs).rejects.toThrow('Ctrl-C');
  });

  it('asks nothing when cancelled before', async () => {
    const probe = probeOf('ready');
    await expect(waitUntil(wait({signal: AbortSignal.abort(new Error('Ctrl-C'))}), probe)).rejects.toThrow(
      'Ctrl-C',
    );
    expect(probe.count).toBe(0);
  });

  it('keeps real time by itself', async () => {
    const {clock: _, ...real} = wait({every: 5, atMost: 2_000});
    await expect(waitUntil(real, probeOf(undefined, undefined, 'ready'))).resolves.toBe('ready');
    await expect(waitUntil({...real, atMost: 20}, probeOf(undefined))).rejects.toThrow('waited 0 s for');
  });
});

const sleepForever = (_: number, signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), {once: true});
  });
