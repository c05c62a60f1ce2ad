import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {pressKey} from '../../src/cli/press-key.ts';

const rig = () => {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), {setRawMode: (isRaw: boolean) => void modes.push(isRaw)});
  return {input, modes, cancel: new AbortController()};
};

describe('pressKey', () => {
  it.each([' ', '\r', 'x', '\u001b[C'])('goes on after %j, and gives the terminal back', async (key) => {
    const {input, modes, cancel} = rig();
    const pressed = pressKey({input, cancel});
    input.write(key);
    await pressed;
    expect(modes).toEqual([true, false]);
    expect(input.isPaused()).toBe(true);
    expect(input.listenerCount('data')).toBe(0);
    expect(cancel.signal.aborted).toBe(false);
  });

  it.each([
    ['q', 'q'],
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('cancels the command after %s, and gives the terminal back', async (name, key) => {
    const {input, modes, cancel} = rig();
    const pressed = pressKey({input, cancel});
    input.write(key);
    await expect(pressed).rejects.toThrow(`cancelled by ${name}`);
    expect(modes).toEqual([true, false]);
    expect(cancel.signal.aborted).toBe(true);
  });

  it('ends when the command is cancelled otherwise', async () => {
    const {input, modes, cancel} = rig();
    const pressed = pressKey({input, cancel});
    cancel.abort(new Error('cancelled by SIGTERM'));
    await expect(pressed).rejects.toThrow('cancelled by SIGTERM');
    expect(modes).toEqual([true, false]);
    await expect(pressKey({input, cancel})).rejects.toThrow('cancelled by SIGTERM');
  });
});
