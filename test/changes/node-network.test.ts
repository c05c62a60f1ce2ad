import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {rememberNetwork, restoreNetwork} from '../../src/changes/node-network.ts';
import type {Command} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

/** Runs commands and shell scripts one after the other in one network and mount namespace of their own. */
const inNode = async (dir: TempDir, ...steps: readonly (string | Command)[]): Promise<string> => {
  await writeFile(
    dir.join('steps.sh'),
    [
      'set -e',
      'mount -t tmpfs none /run; mkdir /run/netns; ip link set lo up',
      'ip link add eth0 type veth peer name host0; ip link set host0 up; ip addr add 172.18.0.2/16 dev eth0; ip link set eth0 up',
      ...steps.map((step) => {
        if (typeof step === 'string') return step;
        const [file, args] = step;
        return [file, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
      }),
    ].join('\n'),
  );
  const unshare: Command = ['unshare', ['--net', '--mount', 'sh', dir.join('steps.sh')]];
  return (await localHost().run(unshare, {timeout: 30_000})).stdout;
};

const ours = `
  ip link add kni0 type bridge; ip addr add 10.244.1.1/24 dev kni0; ip link set kni0 up
  ip route add 10.244.0.0/24 via 172.18.0.3 proto 107
  iptables -t nat -N KNI-MASQ
  iptables -t nat -A POSTROUTING -m comment --comment "kni: pods to the world" -j KNI-MASQ
  ip netns add before`;

const theirs = `
  ip link add hello0 type bridge; ip addr add 10.244.1.1/24 dev hello0; ip link set hello0 up
  ip netns add pod1; ip link add veth1 type veth peer name eth1; ip link set eth1 netns pod1
  ip link set veth1 master hello0
  ip route add 10.9.0.0/16 via 172.18.0.9
  iptables -t nat -N HELLO
  iptables -t nat -A HELLO -m comment --comment "it's \\$(touch /run/evil)" -j MASQUERADE
  iptables -t nat -A POSTROUTING -s 10.244.1.0/24 -j HELLO
  iptables -t filter -N KUBE-LATER`;

const state = `
  ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/\\1/'
  ls /run/netns; ls /run; ip route; iptables-save -t nat | grep -v '^#' `;

describe("a node's network", () => {
  it('is as it was before the runtime, also with names that mean something to a shell', async () => {
    await using dir = await tempDir();
    const file = dir.join('programs/before');
    const printed = await inNode(
      dir,
      ours,
      rememberNetwork(file),
      'echo "== before"',
      state,
      theirs,
      'echo "== removed"',
      restoreNetwork(file),
      'echo "== after"',
      state,
      restoreNetwork(file),
      'iptables-save -t filter | grep KUBE-LATER',
    );
    const [, before, removed, after] = printed.split(/== \w+\n/);
    const counters = /\[\d+:\d+\]/g;
    expect(after?.replaceAll(counters, '')).toBe(
      `${before?.replaceAll(counters, '')}:KUBE-LATER - [0:0]`.replaceAll(counters, ''),
    );
    expect(removed?.trim().split('\n').toSorted()).toEqual([
      expect.stringContaining('$(touch /run/evil)'),
      'iptables nat -A POSTROUTING -s 10.244.1.0/24 -j HELLO',
      'iptables nat -N HELLO',
      'link hello0',
      'link veth1',
      'netns pod1',
      'route 4 10.9.0.0/16 via 172.18.0.9 dev eth0',
    ]);
    expect(before).toContain('kni: pods to the world');
  });

  it('loses an idle bridge when it is listed, and keeps one with a port', async () => {
    await using dir = await tempDir();
    const file = dir.join('before');
    const port =
      'ip link add used0 type bridge; ip link add veth0 type veth peer name veth1; ip link set veth0 master used0';
    await inNode(dir, ours, port, rememberNetwork(file));
    const listed = await readFile(file, 'utf8');
    expect(listed).toContain('link used0\n');
    expect(listed).not.toContain('kni0');
  });

  it('is listed only once, and left alone without a list', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('empty'));
    await writeFile(dir.join('before'), 'link lo\n');
    await inNode(dir, rememberNetwork(dir.join('before')));
    expect(await readFile(dir.join('before'), 'utf8')).toBe('link lo\n');
    expect(await inNode(dir, theirs, restoreNetwork(dir.join('missing')), 'ip link show hello0')).toContain(
      'hello0',
    );
  });

  it.each(['', 'iptables nat -N KNI-MASQ\n'])('is left alone if its list is incomplete: %j', async (list) => {
    await using dir = await tempDir();
    const file = dir.join('before');
    await writeFile(file, list);
    expect(await inNode(dir, ours, restoreNetwork(file), 'ip link show eth0; ip link show kni0')).toMatch(
      /eth0[^]*kni0/,
    );
  });
});
