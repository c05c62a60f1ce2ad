import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {type Conflist, parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {createStatusOf} from '../../../runtime/src/node/network-status.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {conflistOf, installPlugins, type Plugins} from '../../rig/runtime/plugins.ts';

describe('the readiness that plugins tell', () => {
  let plugins: Plugins;
  let list: Conflist;
  beforeEach(async () => {
    plugins = await installPlugins(['demo']);
    list = parseConflist(conflistOf(plugins, ['demo'], {}).replace('1.0.0', '1.1.0'));
  });
  afterEach(() => plugins[Symbol.asyncDispose]());

  const opened = (patienceMs?: number) => {
    const invoke = createInvokePlugin({exec: createExec(), binDirs: [plugins.binDir], timeoutMs: 60_000});
    const clock = {ms: 0};
    return {clock, statusOf: createStatusOf(invoke, () => clock.ms, patienceMs)};
  };
  const asked = async () => (await plugins.calls()).length;

  it.each([
    [50, 'CNIPluginNotReady'],
    [51, 'CNIPluginLimited'],
    [999, 'CNIPluginNotReady'],
  ])('with code %i is %s, with what the plugin says', async (code, reason) => {
    await plugins.plan({'demo STATUS': `error(${code},the agent is away)`});
    const trouble = await opened(60_000).statusOf(list);
    expect(trouble).toMatchObject({reason, message: expect.stringContaining('the agent is away')});
  });

  it('is asked once for concurrent callers, and again after 5 s', async () => {
    const {clock, statusOf} = opened(60_000);
    expect(await Promise.all([statusOf(list), statusOf(list)])).toEqual([undefined, undefined]);
    clock.ms = 5_000;
    await statusOf(list);
    expect(await asked()).toBe(1);
    await plugins.plan({'demo STATUS': 'error(50,away)'});
    clock.ms = 5_001;
    expect(await statusOf(list)).toMatchObject({reason: 'CNIPluginNotReady'});
    expect(await asked()).toBe(2);
  });

  it('is that of the list asked about', async () => {
    const {statusOf} = opened(60_000);
    const other = parseConflist(list.text.replace('"rig"', '"other"'));
    await plugins.plan({'demo STATUS': 'error(50,away)->ok'});
    const answers = await Promise.all([statusOf(list), statusOf(other)]);
    expect(answers).toMatchObject([{reason: 'CNIPluginNotReady'}, undefined]);
  });

  it('gets the name of a plugin that hangs by its deadline, and the plugin is not started again meanwhile', async () => {
    const {clock, statusOf} = opened(200);
    await plugins.plan({'demo STATUS': 'hold'});
    for (const ms of [0, 10_000, 20_000]) {
      clock.ms = ms;
      expect(await statusOf(list)).toEqual({
        reason: 'CNIPluginNotReady',
        message: 'the plugins of network rig did not answer STATUS within 200 ms',
      });
    }
    await plugins.release();
    await vi.waitUntil(async () => (await statusOf(list)) === undefined, {timeout: 60_000});
    expect(await asked()).toBe(1);
  });
});
