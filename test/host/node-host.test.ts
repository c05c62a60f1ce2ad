import {describe, expect, it} from 'vitest';
import {nodeHost} from '../../src/host/node-host.ts';
import {fakeHost} from '../rig/fake-host.ts';

describe('nodeHost', () => {
  it('runs a command in the container of the node', async () => {
    using host = fakeHost(`
      $ docker exec test1-worker systemctl is-active kni
      active
    `);
    const result = await nodeHost(host, 'test1-worker').run(['systemctl', ['is-active', 'kni']]);
    expect(result.stdout).toBe('active');
  });

  it('opens standard input only when the command has input', async () => {
    using host = fakeHost(`
      $ docker exec -i test1-worker tee /etc/motd <<END
      hello
      END
    `);
    await nodeHost(host, 'test1-worker').run(['tee', ['/etc/motd']], {input: 'hello\n'});
    expect(host.options).toEqual([{input: 'hello\n'}]);
  });

  it('passes directory and environment to the node, not to docker', async () => {
    using host = fakeHost(`$ docker exec -w /var/lib -e A=1 -e 'B=two words' test1-worker env`);
    await nodeHost(host, 'test1-worker').run(['env', []], {cwd: '/var/lib', env: {A: '1', B: 'two words'}});
    expect(host.options).toEqual([{}]);
  });

  it('passes signal, timeout and lines on', async () => {
    using host = fakeHost(`
      $ docker exec test1-worker journalctl -u kni
      one
      two
    `);
    const lines: string[] = [];
    const {signal} = new AbortController();
    await nodeHost(host, 'test1-worker').run(['journalctl', ['-u', 'kni']], {
      signal,
      timeout: 1_000,
      onLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(['one', 'two']);
    expect(host.options[0]).toMatchObject({signal, timeout: 1_000});
  });

  it('fails with the whole command, to be pasted', async () => {
    using host = fakeHost(`
      $ docker exec test1-worker cat /nope
      2> cat: /nope: No such file or directory
      [exit code 1]
    `);
    await expect(nodeHost(host, 'test1-worker').run(['cat', ['/nope']])).rejects.toThrow(
      'exit code 1: docker exec test1-worker cat /nope',
    );
  });
});
