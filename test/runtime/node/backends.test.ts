import {describe, expect, it} from 'vitest';
import {backends} from '../../../runtime/src/node/backends.ts';
import type {NodeFacts} from '../../../runtime/src/node/node-facts.ts';
import type {Command, Ending, Exec} from '../../../runtime/src/process/exec.ts';
import {ToolFailed} from '../../../runtime/src/process/tool.ts';

const own = {name: 'own', podCidrs: ['10.244.0.0/24'], internalIps: ['127.0.0.1']};
const peer = (n: number) => ({name: `n${n}`, podCidrs: [`10.244.${n}.0/24`], internalIps: [`172.18.0.${n}`]});
const clusterOf = (...nodes: NodeFacts[]) => ({own, nodes, podCidrs: ['10.244.0.0/16']});

const exited = (stdout: string): Ending => ({kind: 'exited', exitCode: 0, stdout, stderr: ''});
const failed = (exitCode: number, stderr: string): Ending => ({kind: 'exited', exitCode, stdout: '', stderr});

/** Tools that print nothing, except for the one that `answer` knows. */
const tools = (answer: (command: string) => Ending | undefined) => {
  const calls: Command[] = [];
  const exec: Exec = async (command) => {
    calls.push(command);
    return answer([command.file, ...(command.args ?? [])].join(' ')) ?? exited('');
  };
  return {exec, calls};
};

describe('the vxlan backend', () => {
  const prepare = (answer: (command: string) => Ending | undefined) =>
    backends.vxlan.prepare(tools(answer).exec, clusterOf(own));

  it('fails without the program bridge, with that reason', async () => {
    const missing: Ending = {kind: 'not-started', error: new Error('spawn bridge ENOENT')};
    await expect(
      prepare((command) => (command.startsWith('bridge') ? missing : undefined)),
    ).rejects.toMatchObject({
      reason: 'VxlanUnavailable',
      message: 'vxlan needs the program `bridge` of iproute2, which cannot be started',
    });
  });

  it.each(['Error: Unknown device type.', 'RTNETLINK answers: Operation not supported'])(
    'fails without vxlan in the kernel, with that reason: %s',
    async (stderr) => {
      const answer = (command: string) => (command.includes('-batch') ? failed(1, stderr) : undefined);
      await expect(prepare(answer)).rejects.toMatchObject({
        reason: 'VxlanUnavailable',
        message: 'the kernel does not support vxlan',
      });
    },
  );

  it('fails otherwise when it fails for another reason', async () => {
    const answer = (command: string) => (command.includes('-batch') ? failed(1, 'no memory') : undefined);
    await expect(prepare(answer)).rejects.toBeInstanceOf(ToolFailed);
  });

  it('tells how much smaller packets have to be', async () => {
    expect(await prepare(() => undefined)).toBe(65_536 - 50); // over the loopback
  });

  it('adds routes even if it cannot add forwarding entries, and still fails', async () => {
    const {exec, calls} = tools((command) =>
      command.includes('bridge -json') ? failed(255, 'busy') : undefined,
    );
    await expect(backends.vxlan.connect(exec, clusterOf(own, peer(1)))).rejects.toThrow('busy');
    const routed = calls.filter(({stdin}) => stdin?.includes('route replace 10.244.1.0/24'));
    expect(routed).toHaveLength(1);
  });
});

describe('any backend', () => {
  it.each(['host-gw', 'vxlan'] as const)('makes all changes for many nodes at once: %s', async (name) => {
    const nodes = [own, ...Array.from({length: 200}, (_, index) => peer(index + 1))];
    const noChain = (command: string) =>
      command.includes('-L KNI-VXLAN') ? failed(1, 'no chain') : undefined;
    const {exec, calls} = tools(noChain);
    await backends[name].connect(exec, clusterOf(...nodes));
    expect(calls.length).toBeLessThanOrEqual(7);
    expect(calls.flatMap(({stdin}) => stdin?.match(/^route replace/gm) ?? [])).toHaveLength(200);
  });
});
