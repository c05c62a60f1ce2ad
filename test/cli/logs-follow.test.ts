import {describe, expect, it} from 'vitest';
import type {Host} from '../../src/host/host.ts';
import {listNodeContainers} from '../../src/tools/docker.ts';
import {cli} from '../rig/cli.ts';
import {dirWithCluster, exchange, node, printed} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';

const ps = exchange(
  listNodeContainers('test1'),
  ...printed(node('test1-control-plane'), node('test1-worker')),
);
const line = (time: string, msg: string): string =>
  JSON.stringify({level: 'info', msg, time: `2026-11-24T02:00:${time}Z`, pod: 'default/a'});

/** Follows on the worker until it is told to end; on the control plane `ends` says how. */
const following = (
  ends: (host: Host, told: Promise<unknown>) => Promise<never>,
): {host: Host; stopped: string[]} => {
  const stopped: string[] = [];
  const host: Host = {
    run(command, options) {
      if (command[1][0] === 'ps') return fakeHost(ps).run(command, options);
      if (!command[1].includes('--follow')) {
        for (const each of [line('00.000', 'before'), '-- cursor: s=1']) options?.onLine?.(each);
        return Promise.resolve({stdout: '', stderr: ''});
      }
      expect(command[1]).toContain('--after-cursor=s=1');
      const told = new Promise<never>((_, reject) => {
        options?.signal?.addEventListener('abort', () => {
          stopped.push(command[1][2] ?? '');
          reject(new Error('cancelled'));
        });
      });
      told.catch(() => undefined);
      options?.onLine?.(line('01.000', command[1][2] ?? ''));
      return command[1][2] === 'test1-worker' ? told : ends(host, told);
    },
  };
  return {host, stopped};
};

describe('logs --follow', () => {
  it('ends well when following is ended by Ctrl-C', async () => {
    await using dir = await dirWithCluster();
    const cancel = new AbortController();
    const {host} = following((_, told) => {
      setImmediate(() => cancel.abort(new Error('cancelled by SIGINT')));
      return told as Promise<never>;
    });
    const {code, stdout, stderr} = await cli(dir, ['logs', '-f'], {host, signal: cancel.signal});
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    expect(stdout.split('\n')).toHaveLength(5);
  });

  it('follows after the last line, and not after --since, because journalctl refuses both', async () => {
    await using dir = await dirWithCluster();
    const cancel = new AbortController();
    const {host} = following((_, told) => {
      setImmediate(() => cancel.abort(new Error('cancelled by SIGINT')));
      return told as Promise<never>;
    });
    const asked: string[] = [];
    const watched: Host = {
      run(command, options) {
        asked.push(command[1].join(' '));
        return host.run(command, options);
      },
    };
    await cli(dir, ['logs', '-f', '--since', '10m'], {host: watched, signal: cancel.signal});
    expect(asked.filter((each) => each.includes('--since='))).toHaveLength(2);
    expect(asked.filter((each) => each.includes('--after-cursor='))).toHaveLength(2);
    expect(asked.filter((each) => /--since=.*--after-cursor=/.test(each))).toEqual([]);
  });

  it('follows the other nodes when it fails on one', async () => {
    await using dir = await dirWithCluster();
    const cancel = new AbortController();
    const {host, stopped} = following(() => {
      setTimeout(() => cancel.abort(new Error('cancelled by SIGINT')), 50);
      return fakeHost('$ x\n2> container stopped\n[exit code 1]').run(['x', []]) as Promise<never>;
    });
    const {stderr} = await cli(dir, ['logs', '-f'], {host, signal: cancel.signal});
    expect(stderr).toBe('! cannot read the log of test1-control-plane: container stopped\n');
    expect(stopped).toContain('test1-worker');
  });
});
