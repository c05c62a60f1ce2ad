import {describe, expect, it} from 'vitest';
import {applyMasquerade, masqueradeRules} from '../../../runtime/src/node/masquerade.ts';
import type {Ending, Exec} from '../../../runtime/src/process/exec.ts';
import {ToolFailed} from '../../../runtime/src/process/tool.ts';

const exited = (exitCode: number): Ending => ({kind: 'exited', exitCode, stdout: '', stderr: ''});

/** Tools that all succeed, except for the check whether the jump is there. */
const apply = async (check: Ending) => {
  const appended: string[] = [];
  const exec: Exec = async ({args = []}) => {
    if (args.includes('-A')) appended.push(args.join(' '));
    return args.includes('-C') ? check : exited(0);
  };
  const done = applyMasquerade(exec, {podCidr: '10.244.0.0/24', podCidrs: ['10.244.0.0/16']});
  const error = await done.catch((thrown: unknown) => thrown);
  return {appended, error};
};

describe('the jump to the masquerading rules', () => {
  it('is not changed when it is there', async () => {
    expect(await apply(exited(0))).toEqual({appended: [], error: undefined});
  });

  it('is appended when it is not', async () => {
    const {appended, error} = await apply(exited(1));
    expect(error).toBeUndefined();
    expect(appended).toEqual([expect.stringContaining('-A POSTROUTING')]);
  });

  it.each<[string, Ending]>([
    ['others hold the lock', exited(4)],
    ['iptables does not know what it was asked', exited(2)],
    ['it takes too long', {kind: 'timed-out', ms: 10_000, stderr: ''}],
    ['it is killed', {kind: 'signalled', signal: 'SIGKILL', stderr: ''}],
  ])('is not appended when it is unknown whether it is there: %s', async (_, check) => {
    const {appended, error} = await apply(check);
    expect(error).toBeInstanceOf(ToolFailed);
    expect(appended).toEqual([]);
  });
});

describe('the masquerading rules', () => {
  it('are of the family of the subnet', async () => {
    const tools: string[] = [];
    const exec: Exec = async ({file}) => {
      tools.push(file);
      return exited(0);
    };
    const masquerade = {podCidr: 'fd00:1::/64', podCidrs: ['fd00::/56']};
    await applyMasquerade(exec, masquerade);
    expect(tools).toEqual(['ip6tables-restore', 'ip6tables']);
    expect(masqueradeRules(masquerade).split('\n')).toEqual([
      '*nat',
      ':KNI-MASQ - [0:0]',
      '-A KNI-MASQ ! -s fd00:1::/64 -j RETURN',
      '-A KNI-MASQ -d fd00:1::/64 -m conntrack --ctstate DNAT -j MASQUERADE',
      '-A KNI-MASQ -d fd00::/56 -j RETURN',
      '-A KNI-MASQ -d ff00::/8 -j RETURN',
      '-A KNI-MASQ -j MASQUERADE --random-fully',
      'COMMIT',
      '',
    ]);
  });
});
