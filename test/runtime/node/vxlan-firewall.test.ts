import {describe, expect, it} from 'vitest';
import {applyFirewall, firewallRules, removeFirewall} from '../../../runtime/src/node/vxlan-firewall.ts';
import type {Command, Ending, Exec} from '../../../runtime/src/process/exec.ts';

const own = {name: 'own', podCidrs: ['10.244.1.0/24'], internalIps: ['172.18.0.2', 'fc00::2']};
const other = {name: 'other', podCidrs: ['10.244.2.0/24'], internalIps: ['172.18.0.3']};
const cluster = {own, nodes: [own, other], podCidrs: ['10.244.0.0/16']};

const exited = (exitCode: number): Ending => ({kind: 'exited', exitCode, stdout: '', stderr: ''});
const tools = (exitCodeOf: (command: string) => number) => {
  const calls: Command[] = [];
  const exec: Exec = async (command) => {
    calls.push(command);
    return exited(exitCodeOf([command.file, ...(command.args ?? [])].join(' ')));
  };
  return {exec, lines: () => calls.map(({file, args = []}) => [file, ...args].join(' '))};
};

describe('the rules for the port of the tunnels', () => {
  it('let nodes send to the end of the tunnel, and pods to each other', () => {
    expect(firewallRules(cluster, 4).split('\n')).toEqual([
      '*mangle',
      ':KNI-VXLAN-IN - [0:0]',
      ':KNI-VXLAN-FWD - [0:0]',
      ':KNI-VXLAN-OUT - [0:0]',
      '-A KNI-VXLAN-IN -m conntrack --ctstate INVALID -j DROP',
      '-A KNI-VXLAN-IN -m conntrack --ctstate DNAT -j DROP',
      '-A KNI-VXLAN-IN -i kni0 -j DROP',
      '-A KNI-VXLAN-IN -i kni.vxlan -j DROP',
      '-A KNI-VXLAN-IN ! -d 172.18.0.2 -j DROP',
      '-A KNI-VXLAN-IN -s 172.18.0.2 -j RETURN',
      '-A KNI-VXLAN-IN -s 172.18.0.3 -j RETURN',
      '-A KNI-VXLAN-IN -j DROP',
      '-A KNI-VXLAN-FWD -d 10.244.0.0/16 -j RETURN',
      '-A KNI-VXLAN-FWD -i kni0 -j DROP',
      '-A KNI-VXLAN-FWD -s 10.244.1.0/24 -j DROP',
      '-A KNI-VXLAN-FWD -d 172.18.0.2 -m conntrack --ctstate DNAT -j DROP',
      '-A KNI-VXLAN-FWD -d 172.18.0.3 -m conntrack --ctstate DNAT -j DROP',
      '-A KNI-VXLAN-FWD -s 172.18.0.2 -j RETURN',
      '-A KNI-VXLAN-FWD -s 172.18.0.3 -j RETURN',
      '-A KNI-VXLAN-FWD -d 172.18.0.2 -j DROP',
      '-A KNI-VXLAN-FWD -d 172.18.0.3 -j DROP',
      '-A KNI-VXLAN-OUT -m addrtype ! --src-type LOCAL -j DROP',
      'COMMIT',
      '',
    ]);
  });

  it('drop every packet of a family that the node has no address of', () => {
    const rules = firewallRules({...cluster, own: {...own, internalIps: ['172.18.0.2']}, nodes: [other]}, 6);
    expect(rules.match(/^-A KNI-VXLAN-IN.*$/gm)?.at(-1)).toBe('-A KNI-VXLAN-IN -j DROP');
    expect(rules).not.toContain('RETURN');
  });

  it('are in place before packets are sent to them, which happens first of all', async () => {
    const {exec, lines} = tools((command) => (command.includes(' -C ') ? 1 : 0));
    await applyFirewall(exec, cluster);
    const four = lines().filter((line) => line.startsWith('iptables'));
    expect(four[0]).toContain('iptables-restore');
    expect(four.filter((line) => / -I (?:INPUT|FORWARD|OUTPUT) -p udp /.test(line))).toHaveLength(3);
    expect(lines().some((line) => line.includes('ip6tables -') && line.includes('-I INPUT'))).toBe(true);
  });

  it('fail as a whole when one of them cannot be made', async () => {
    const {exec} = tools((command) => (command.includes('FORWARD') ? 4 : 0));
    await expect(applyFirewall(exec, cluster)).rejects.toThrow('FORWARD');
  });

  it('are removed once, and a node without them is not changed', async () => {
    const none = tools((command) => (command.includes('-L') ? 1 : 0));
    await removeFirewall(none.exec);
    expect(none.lines()).toHaveLength(2);
    const some = tools(() => 0);
    await removeFirewall(some.exec);
    expect(some.lines().filter((line) => line.includes(' -D '))).toHaveLength(6);
  });
});
