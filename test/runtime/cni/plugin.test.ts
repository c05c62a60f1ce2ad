import {describe, expect, it, vi} from 'vitest';
import type {CniCommand} from '../../../runtime/src/cni/cni-command.ts';
import {fieldsOfInvocation, type Invocation} from '../../../runtime/src/cni/invocation.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {statusOf} from '../../../runtime/src/server/status.ts';
import {isAlive} from '../../rig/processes.ts';
import {invocationOf} from '../../rig/runtime/invocations.ts';
import {type Behaviour, conflistOf, installPlugins} from '../../rig/runtime/plugins.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

interface Asked {
  readonly command?: CniCommand;
  readonly cniVersion?: string;
  readonly timeoutMs?: number;
  readonly extra?: object;
}

const call = async (behaviour: Behaviour, asked: Asked = {}) => {
  const {command = 'ADD', cniVersion = '1.0.0', timeoutMs = 60_000, extra = {}} = asked;
  await using plugins = await installPlugins(['demo']);
  await plugins.plan({[`demo ${command}`]: behaviour});
  const invoke = createInvokePlugin({exec: createExec(), binDirs: ['/nowhere', plugins.binDir], timeoutMs});
  const config = JSON.stringify({
    ...(JSON.parse(conflistOf(plugins, ['demo'], extra)) as object),
    cniVersion,
  });
  return await invoke(command, invocationOf(config));
};

const parsed = async (...args: Parameters<typeof call>): Promise<unknown> => JSON.parse(await call(...args));

describe('calling a plugin', () => {
  it('returns the result of ADD, and nothing of DEL', async () => {
    expect(await parsed('ok')).toMatchObject({cniVersion: '1.0.0', ips: [{address: '10.99.0.2/24'}]});
    expect(await call('ok', {command: 'DEL'})).toBe('');
  });

  it('reads a result without version in the version of the configuration', async () => {
    expect(await parsed('no-version')).toMatchObject({cniVersion: '1.0.0'});
  });

  it('converts a result of another version to the version of the configuration', async () => {
    expect(await parsed('other-version(1.1.0)', {cniVersion: '0.4.0'})).toMatchObject({
      cniVersion: '0.4.0',
      ips: [{version: '4', address: '10.99.0.2/24'}],
    });
    const old = '{"cniVersion":"0.2.0","ip4":{"ip":"10.99.0.2/24"}}';
    expect(await parsed(`print(${old})`)).toEqual({cniVersion: '1.0.0', ips: [{address: '10.99.0.2/24'}]});
  });

  it.each([
    [
      'error',
      {cniCode: 11, message: 'CNI plugin demo failed to ADD: no address left: in the range (code 11)'},
    ],
    [
      'error(7,bad config,in a\nline)',
      {name: 'CniError', plugin: 'demo', command: 'ADD', cniCode: 7, msg: 'bad config', details: 'in a line'},
    ],
    ['error(-1,odd)', {cniCode: 0, msg: 'odd'}],
    ['error-exit-0(100,mine)', {name: 'CniError', cniCode: 100, msg: 'mine'}],
    ['exit', {cniCode: 0, message: 'CNI plugin demo failed to ADD: something went wrong (code 0)'}],
    ['exit-stdout(no such pool)', {cniCode: 0, msg: 'no such pool'}],
    ['binary-stderr', {name: 'CniError', cniCode: 0}],
    ['signal', {trouble: 'killed', message: 'CNI plugin demo was killed by SIGSEGV during ADD'}],
    ['signal(SIGKILL)', {trouble: 'killed', message: 'CNI plugin demo was killed by SIGKILL during ADD'}],
    ['bad-json', {trouble: 'bad-result', message: 'CNI plugin demo printed a result that is not JSON'}],
    ['partial', {trouble: 'bad-result', message: 'CNI plugin demo printed a result that is not JSON'}],
    ['null', {trouble: 'bad-result', message: 'CNI plugin demo printed a result that is not an object'}],
    [
      'other-version(9.9.9)',
      {trouble: 'bad-result', message: 'CNI plugin demo printed a result with an unknown "cniVersion"'},
    ],
    [
      'print({"ips":[{"address":"10.99.0.2/24","interface":3}]})',
      {
        trouble: 'bad-result',
        message: 'CNI plugin demo printed a result with an address whose interface index is out of range',
      },
    ],
    [
      'print({"ips":[{"address":"10.99.0.2"}]})',
      {
        trouble: 'bad-result',
        message: 'CNI plugin demo printed a result with an invalid "address" in "ips"',
      },
    ],
    ['huge(64)', {trouble: 'bad-result', message: 'CNI plugin demo printed more than 1048576 bytes'}],
  ] as const)('reports the error of one that ends like this: %s', async (behaviour, error) => {
    const failure = await call(behaviour).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject(error);
    const {details} = statusOf(failure);
    expect(details).toBe((failure as Error).message); // not the text of an unexpected error
    expect(details).toMatch(/^[\P{C}]{1,1200}$/u);
  });

  it.each(['DEL', 'CHECK', 'STATUS', 'GC'] as const)('also takes an error for one of %s', async (command) => {
    await expect(call('error(50,not ready)', {command})).rejects.toMatchObject({cniCode: 50, command});
    await expect(call('error-exit-0(50,not ready)', {command})).rejects.toMatchObject({cniCode: 50});
  });

  it('does not take it for an error when a plugin reports its success', async () => {
    expect(await call('error-exit-0(0,done)', {command: 'DEL'})).toContain('done');
  });

  it('accepts one that does not read a large configuration', async () => {
    const extra = {padding: 'x'.repeat(1 << 20)};
    expect(await parsed('no-stdin', {extra})).toMatchObject({ips: [{address: '10.99.0.2/24'}]});
  });

  it('drops excess output of a plugin', async () => {
    const before = process.memoryUsage.rss();
    for (let time = 0; time < 3; time++) await call('huge(64)').catch(() => undefined);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 << 20);
  });

  it('reports one that hangs', async () => {
    const failure = await call('hang', {timeoutMs: 300}).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      trouble: 'timed-out',
      message: 'CNI plugin demo did not finish ADD within 300 ms and was killed',
    });
    expect(statusOf(failure).code).toBe(4); // DEADLINE_EXCEEDED
  });

  it('kills one that hangs together with a child that holds stdout open and ignores SIGTERM', async () => {
    await using plugins = await installPlugins(['demo']);
    await plugins.plan({'demo ADD': 'fork-hang'});
    const invoke = createInvokePlugin({exec: createExec(), binDirs: [plugins.binDir], timeoutMs: 3_000});
    const adding = invoke('ADD', invocationOf(conflistOf(plugins, ['demo'])));
    await expect(adding).rejects.toMatchObject({trouble: 'timed-out'});
    const pids = [...(await plugins.grandchildren()), ...(await plugins.calls()).map(({pid}) => pid)];
    expect(pids).toHaveLength(2);
    await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, false]), 10_000);
  });

  it('reports one that is missing', async () => {
    const invoke = createInvokePlugin({
      exec: createExec(),
      binDirs: ['/nowhere', '/not/here'],
      timeoutMs: 1000,
    });
    const invocation = invocationOf('{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"demo"}]}');
    await expect(invoke('ADD', invocation)).rejects.toMatchObject({
      trouble: 'missing',
      message: 'CNI plugin demo is not in /nowhere or /not/here',
    });
  });
});

describe('what is said of a call', () => {
  it('names the plugin and the attachment, or the network', () => {
    const invocation = invocationOf('{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"demo"}]}');
    const {list, plugin} = invocation;
    const network: Invocation = {list, plugin};
    expect(fieldsOfInvocation(invocation)).toEqual({plugin: 'demo', sandbox: 'box', interface: 'eth0'});
    expect(fieldsOfInvocation(network)).toEqual({plugin: 'demo', network: 'net'});
  });
});
