import {readFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it, vi} from 'vitest';
import {addNetwork, delNetwork, startFirst} from '../../../runtime/src/cni/network.ts';
import {withinTime} from '../../../runtime/src/cni/plugin.ts';
import {isAlive} from '../../rig/processes.ts';
import {target} from '../../rig/runtime/invocations.ts';
import {callsOf, pluginChain} from '../../rig/runtime/plugin-chain.ts';
import {processesOf} from '../../rig/runtime/plugins.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 120_000});

const chainOf = (timeoutMs?: number) => pluginChain({}, timeoutMs, {early: true});
type PluginChain = Awaited<ReturnType<typeof chainOf>>;

const waiting = ({plugins}: PluginChain, plugin: string) => processesOf(plugins, plugin);

describe('a plugin whose process starts early', () => {
  it.each(['ADD', 'DEL'] as const)(
    'is called in its turn for %s, with the same input as always',
    async (command) => {
      const inputs = async (early: boolean) => {
        await using chain = await pluginChain({}, undefined, {early});
        const {invoke, attachment, plugins} = chain;
        const result = '{"cniVersion":"1.0.0"}';
        const first = startFirst(invoke, command, attachment, target);
        if (command === 'ADD') await addNetwork(invoke, attachment, target, first);
        else await delNetwork(invoke, {...attachment, result}, target, first);
        expect(first !== undefined).toBe(early);
        const calls = await plugins.calls();
        return {
          trace: await plugins.trace(),
          calls: calls.map(({call, env, stdin}) => ({call, env, stdin: stdin.replaceAll(plugins.dir, '')})),
        };
      };
      const [early, usual] = [await inputs(true), await inputs(false)];
      const envOf = (call: (typeof usual.calls)[number]) => ({...call, env: {...call.env, CNI_PATH: ''}});
      expect(early.trace).toEqual(usual.trace);
      expect(early.calls.map(envOf)).toEqual(usual.calls.map(envOf));
    },
  );

  it.each([
    ['ADD', 'first'],
    ['DEL', 'third'],
  ] as const)('has a process before %s begins, and is not called before', async (command, plugin) => {
    await using chain = await chainOf();
    const first = startFirst(chain.invoke, command, chain.attachment, target);
    await vi.waitFor(async () => expect(await waiting(chain, plugin)).toHaveLength(1), 60_000);
    await delay(200);
    expect(await chain.plugins.calls()).toEqual([]);
    await first?.cancel();
    expect(await waiting(chain, plugin)).toEqual([]);
    expect(await chain.plugins.calls()).toEqual([]);
  });

  it('has a process while the plugin before it works', async () => {
    await using chain = await chainOf();
    await chain.plugins.plan({'first ADD': 'hold'});
    const adding = addNetwork(chain.invoke, chain.attachment, target);
    await vi.waitFor(async () => expect(await waiting(chain, 'second')).toHaveLength(1), 60_000);
    expect(await waiting(chain, 'third')).toEqual([]);
    await vi.waitFor(async () => expect(await callsOf(chain.plugins)).toEqual(['first ADD']), 60_000);
    await chain.plugins.release();
    expect((await adding).error).toBeUndefined();
    expect(await callsOf(chain.plugins)).toEqual(['first ADD', 'second ADD', 'third ADD']);
  });

  it('is killed and not called when ADD fails before, and counts as not started', async () => {
    await using chain = await chainOf();
    await chain.plugins.plan({'first ADD': 'error'});
    const {attachment, error} = await addNetwork(chain.invoke, chain.attachment, target);
    expect([error, attachment.started]).toMatchObject([{plugin: 'first'}, 1]);
    expect(await waiting(chain, 'second')).toEqual([]);
    expect(await callsOf(chain.plugins)).toEqual(['first ADD']);
  });

  it('is killed and not called when DEL fails before', async () => {
    await using chain = await chainOf();
    await chain.plugins.plan({'third DEL': 'error'});
    await expect(delNetwork(chain.invoke, chain.attachment, target)).rejects.toMatchObject({plugin: 'third'});
    expect(await waiting(chain, 'second')).toEqual([]);
    expect(await callsOf(chain.plugins)).toEqual(['third DEL']);
  });

  it('is killed when DEL has no time left for it, and goes on because ADD never started it', async () => {
    await using chain = await chainOf();
    let timeLeft = 60_000;
    const invoke = withinTime(chain.invoke, () => timeLeft);
    await chain.plugins.plan({'third DEL': 'hold'});
    const deleting = delNetwork(invoke, {...chain.attachment, started: 1}, target);
    deleting.catch(() => undefined);
    await vi.waitFor(async () => expect(await callsOf(chain.plugins)).toEqual(['third DEL']), 60_000);
    timeLeft = 0;
    await chain.plugins.release();
    await expect(deleting).rejects.toMatchObject({trouble: 'no-time'});
    expect(await callsOf(chain.plugins)).toEqual(['third DEL']);
    expect([await waiting(chain, 'second'), await waiting(chain, 'first')]).toEqual([[], []]);
  });

  it('is given its whole time when its turn has come', async () => {
    await using chain = await chainOf(8_000);
    await chain.plugins.plan({'first ADD': 'delay(5000)', 'second ADD': 'hang'});
    const begun = performance.now();
    const {error} = await addNetwork(chain.invoke, chain.attachment, target);
    expect(error).toMatchObject({plugin: 'second', trouble: 'timed-out'});
    expect(performance.now() - begun).toBeGreaterThan(13_000);
    const [, second] = await chain.plugins.calls();
    expect(isAlive(second?.pid ?? 0)).toBe(false);
  });

  it('is started again when it was killed before its turn', async () => {
    await using chain = await chainOf();
    await chain.plugins.plan({'first ADD': 'hold'});
    const adding = addNetwork(chain.invoke, chain.attachment, target);
    await vi.waitFor(async () => expect(await waiting(chain, 'second')).toHaveLength(1), 60_000);
    const [pid = 0] = await waiting(chain, 'second');
    const childrenOf = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    await vi.waitFor(() => expect(childrenOf()).not.toBe(''), 60_000); // the `cat` that reads stdin
    for (const each of [pid, ...childrenOf().split(' ').map(Number)]) process.kill(each, 'SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 60_000);
    await delay(200); // until the network runtime knows
    await chain.plugins.release();
    expect((await adding).error).toBeUndefined();
    expect(await callsOf(chain.plugins)).toEqual(['first ADD', 'second ADD', 'third ADD']);
  });
});
