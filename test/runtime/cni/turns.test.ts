import {setImmediate as soon} from 'node:timers/promises';
import * as fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {createExec} from '../../../runtime/src/cni/exec.ts';
import {addNetwork, collectGarbage, delNetwork} from '../../../runtime/src/cni/network.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {createTurns} from '../../../runtime/src/cni/turns.ts';
import {attachmentOf, target} from '../rig/invocations.ts';
import {conflistOf, installPlugins} from '../rig/plugins.ts';

vi.setConfig({testTimeout: 60_000});

/** Work that says when it begins and ends, and ends when it is told to. */
const recorder = () => {
  const trace: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => async () => {
    trace.push(`${name} begins`);
    await new Promise<void>((resolve) => ends.set(name, resolve));
    trace.push(`${name} ends`);
    return name;
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await soon();
  };
  return {trace, work, end};
};

describe('turns', () => {
  it('are shared by all but garbage collection', async () => {
    const turns = createTurns();
    const {trace, work, end} = recorder();
    const both = [turns.shared('net', work('first')), turns.shared('net', work('second'))];
    await soon();
    expect(trace).toEqual(['first begins', 'second begins']);
    await end('first');
    await end('second');
    expect(await Promise.all(both)).toEqual(['first', 'second']);
  });

  it('let garbage collection wait for what runs, and what comes later for it', async () => {
    const turns = createTurns();
    const {trace, work, end} = recorder();
    const all = [
      turns.shared('net', work('add')),
      turns.alone('net', work('gc')),
      turns.shared('net', work('later')),
      turns.alone('net', work('next gc')),
    ];
    for (const name of ['add', 'gc', 'later', 'next gc']) {
      await soon();
      await end(name);
    }
    await Promise.all(all);
    const order = ['add', 'gc', 'later', 'next gc'];
    expect(trace).toEqual(order.flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('of one network are not those of another', async () => {
    const turns = createTurns();
    const {trace, work} = recorder();
    void turns.shared('hung', work('add'));
    void turns.alone('hung', work('gc'));
    void turns.shared('net', work('other add'));
    await soon();
    expect(trace).toEqual(['add begins', 'other add begins']);
  });

  it('are given up by garbage collection that has waited too long', async () => {
    const turns = createTurns();
    const {trace, work, end} = recorder();
    const giveUp = new AbortController();
    void turns.shared('net', work('hung'));
    const collecting = turns.alone('net', work('gc'), giveUp.signal);
    const later = turns.shared('net', work('later'));
    await soon();
    expect(trace).toEqual(['hung begins']);
    giveUp.abort(new Error('too long'));
    await expect(collecting).rejects.toThrow('too long');
    expect(trace).toEqual(['hung begins', 'later begins']);
    await end('later');
    expect(await later).toBe('later');
    await expect(turns.alone('net', work('gc'), giveUp.signal)).rejects.toThrow('too long');
  });

  it('go on after a failure', async () => {
    const turns = createTurns();
    const failing = () => Promise.reject(new Error('no'));
    await expect(turns.alone('net', failing)).rejects.toThrow('no');
    await expect(turns.shared('net', failing)).rejects.toThrow('no');
    expect(await turns.alone('net', async () => 'done')).toBe('done');
  });

  it('never let anything run beside garbage collection, and come to an end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.boolean(), {maxLength: 12}), async (s, kinds) => {
        const turns = createTurns();
        let shared = 0;
        let alone = 0;
        const all = kinds.map((isAlone, at) => {
          const work = async () => {
            if (isAlone) alone++;
            else shared++;
            expect(alone === 0 || (alone === 1 && shared === 0)).toBe(true);
            await s.schedule(Promise.resolve(), `work ${at}`);
            if (isAlone) alone--;
            else shared--;
          };
          return isAlone ? turns.alone('net', work) : turns.shared('net', work);
        });
        await s.waitFor(Promise.all(all));
      }),
    );
  });

  it('keep plugins apart: no ADD and no DEL overlaps GC', async () => {
    await using plugins = await installPlugins(['first', 'second']);
    await plugins.plan({
      'first ADD': 'delay(60)',
      'second DEL': 'delay(30)',
      'first GC': 'delay(60)',
      'second GC': 'delay(30)',
    });
    const invoke = createInvokePlugin({exec: createExec(), binDirs: [plugins.binDir], timeoutMs: 60_000});
    const turns = createTurns();
    const config = conflistOf(plugins, ['first', 'second']).replace('1.0.0', '1.1.0');
    const list = parseConflist(config);
    const pod = async (at: number) => {
      const attachment = attachmentOf(config);
      const box = {...target, sandbox: `box${at}`};
      await turns.shared(list.name, () => addNetwork(invoke, attachment, box));
      await turns.shared(list.name, () => delNetwork(invoke, attachment, box));
    };
    const collect = () => turns.alone(list.name, () => collectGarbage(invoke, list, []));
    await Promise.all([pod(1), collect(), pod(2), pod(3), collect(), pod(4)]);

    const running = new Set<string>();
    for (const [at, line] of (await plugins.trace()).entries()) {
      const [plugin = '', command = '', what] = line.split(' ');
      if (command === 'VERSION') continue;
      if (what === 'begins') running.add(`${command} ${plugin} ${at}`);
      else running.delete([...running].find((each) => each.startsWith(`${command} ${plugin}`)) ?? '');
      const collecting = [...running].some((each) => each.startsWith('GC'));
      expect(collecting ? [...running].every((each) => each.startsWith('GC')) : true).toBe(true);
    }
    expect(running.size).toBe(0);
    expect((await plugins.trace()).filter((line) => line.includes('GC ends'))).toHaveLength(4);
  });
});
