import {describe, expect, it} from 'vitest';
import {PluginFailed} from '../../../runtime/src/cni/errors.ts';
import {logPluginCalls} from '../../../runtime/src/cni/log-plugin-calls.ts';
import {createLog} from '../../../runtime/src/log.ts';
import {invocationOf} from '../../rig/runtime/invocations.ts';

const rig = () => {
  const lines: string[] = [];
  const log = createLog({write: (line) => lines.push(line)}, {level: 'debug'});
  return {log, last: () => JSON.parse(lines.at(-1) ?? '') as unknown};
};

const invocation = invocationOf('{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"demo"}]}');

describe('the log of plugin calls', () => {
  it('has a line for each, with its plugin, sandbox and interface', async () => {
    const {log, last} = rig();
    expect(await logPluginCalls(async () => 'result', log)('ADD', invocation)).toBe('result');
    expect(last()).toMatchObject({
      level: 'debug',
      msg: 'demo ADD ok',
      plugin: 'demo',
      sandbox: 'box',
      interface: 'eth0',
      ms: expect.any(Number) as number,
    });
  });

  it('logs a warning for a failure, and rethrows it', async () => {
    const {log, last} = rig();
    const failing = () => Promise.reject(new PluginFailed('demo', 'missing', 'is not there'));
    const {list, plugin} = invocation;
    await expect(logPluginCalls(failing, log)('STATUS', {list, plugin})).rejects.toMatchObject({
      trouble: 'missing',
    });
    expect(last()).toMatchObject({
      level: 'warn',
      msg: 'demo STATUS failed',
      network: 'net',
      error: 'CNI plugin demo is not there',
    });
  });
});
