/** The network of a docker engine on a test node with real bridges and iptables rules. */
import {readFile, writeFile} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {
  recordedNetwork,
  recordNetwork,
  removalsOfDeadNetworks,
  restoreNetwork,
} from '../../src/stages/lib/network-record.ts';
import {startTestNode, type TestNode} from '../rig/node/test-node.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

let node: TestNode;
let dir: TempDir;
let host: Host;
const dirs = () => ({state: dir.join('state')});

beforeEach(async () => {
  dir = await tempDir();
  node = await startTestNode({});
  host = {
    run: ([file, args], options) =>
      localHost().run(['nsenter', ['-t', `${node.pid}`, '--net', '--mount', file, ...args]], options),
  };
});
afterEach(async () => {
  await node[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const shell = (script: string): Promise<string> => node.run(['sh', '-ec', script]);

/** Rules and a bridge that are not docker's. */
const own = `
  ip link add br-lan type bridge
  for iptables in iptables ip6tables; do
    $iptables -N MINE
    $iptables -A FORWARD -j MINE
    $iptables -A MINE -i br-lan -j ACCEPT
    $iptables -t nat -A POSTROUTING -o br-lan -j MASQUERADE
  done
  iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080
  echo 0 >/proc/sys/net/ipv4/ip_forward
`;

/** As docker 26.1 and kind leave it when the engine is stopped with a running node; `network` is the id of kind's. */
const engine = (network: string) => `
  ip link add docker0 type bridge
  ip link add ${network} type bridge
  ip link set ${network} up
  echo 1 >/proc/sys/net/ipv4/ip_forward
  echo 1 >/proc/sys/net/ipv6/conf/default/forwarding
  echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
  iptables -P FORWARD DROP
  iptables-restore --noflush <<'RULES'
*filter
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-I FORWARD 1 -j DOCKER-USER
-I FORWARD 2 -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -o ${network} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o ${network} -j DOCKER
-A FORWARD -i ${network} ! -o ${network} -j ACCEPT
-A FORWARD -i ${network} -o ${network} -j ACCEPT
-A DOCKER -d 172.18.0.3/32 ! -i ${network} -o ${network} -p tcp -m tcp --dport 6443 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i ${network} ! -o ${network} -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o ${network} -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o ${network} -j MASQUERADE
-A POSTROUTING -s 172.18.0.3/32 -d 172.18.0.3/32 -p tcp -m tcp --dport 6443 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER -i ${network} -j RETURN
-A DOCKER -d 127.0.0.1/32 ! -i ${network} -p tcp -m tcp --dport 38181 -j DNAT --to-destination 172.18.0.3:6443
COMMIT
RULES
  ip6tables-restore --noflush <<'RULES'
*filter
:DOCKER-FORWARD - [0:0]
-A FORWARD -j DOCKER-FORWARD
-A DOCKER-FORWARD -i ${network} -j ACCEPT
COMMIT
RULES
`;

const network = async (): Promise<string> => {
  const printed = await shell(`
    ip -o link | sed 's/^[0-9]*: //; s/ .*//' | sort
    cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/default/forwarding /proc/sys/net/ipv6/conf/all/forwarding
    iptables-save; ip6tables-save
  `);
  return printed
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/\[\d+:\d+\]/, ''))
    .join('\n');
};

const restore = async (): Promise<void> => {
  const before = await recordedNetwork(dirs());
  if (before === undefined) throw new Error('no record');
  await restoreNetwork(host, dirs(), before);
};

describe('the network after the engine was stopped', () => {
  it('is as it was before the engine started', async () => {
    await shell(own);
    const before = await network();
    await recordNetwork(host, dirs());
    await shell(engine('br-0123456789ab'));
    expect(await network()).toContain('-A FORWARD -o br-0123456789ab -j DOCKER');
    await restore();
    expect(await network()).toBe(before);
    expect(await recordedNetwork(dirs())).toBeUndefined();
  });

  it('is as it was before the first start, also when the engine was started twice', async () => {
    await shell(own);
    const before = await network();
    await recordNetwork(host, dirs());
    await shell(engine('br-0123456789ab'));
    await recordNetwork(host, dirs());
    await restore();
    expect(await network()).toBe(before);
  });

  it('keeps interfaces and rules that existed before the engine started', async () => {
    await shell(own + engine('br-aaaaaaaaaaaa'));
    const before = await network();
    await recordNetwork(host, dirs());
    await shell(`
      ip link add br-0123456789ab type bridge
      iptables -A FORWARD -o br-0123456789ab -j DOCKER
      iptables -I DOCKER -i br-0123456789ab -j ACCEPT
      iptables -t nat -A POSTROUTING -s 172.19.0.0/16 ! -o br-0123456789ab -j MASQUERADE
    `);
    await restore();
    expect(await network()).toBe(before);
  });

  it("keeps the user's rules about the engine's bridges", async () => {
    await shell(`${own} iptables -N ufw-user-input; iptables -A INPUT -j ufw-user-input`);
    await recordNetwork(host, dirs());
    await shell(engine('br-0123456789ab'));
    const rules = [
      '-A INPUT -i docker0 -p udp -j DROP',
      '-A FORWARD -i docker0 -o br-lan -j ACCEPT',
      '-A ufw-user-input -i br-0123456789ab -p udp -j ACCEPT',
      '-A MINE -i docker0 -j ACCEPT',
    ];
    for (const rule of rules) await shell(`iptables ${rule}`);
    await restore();
    const after = (await network()).split('\n');
    expect(after.filter((line) => /DOCKER|docker0|br-0123456789ab/.test(line)).sort()).toEqual(rules.sort());
  });

  it('keeps the rules that the user has written for docker, and a policy that was changed since', async () => {
    await shell(own);
    await recordNetwork(host, dirs());
    await shell(engine('br-0123456789ab'));
    await shell('iptables -I DOCKER-USER -s 192.0.2.1 -j DROP; iptables -P FORWARD ACCEPT');
    await restore();
    const after = await network();
    expect(after.split('\n').filter((line) => line.includes('DOCKER'))).toEqual([
      expect.stringMatching(/^:DOCKER-USER - /),
      '-A FORWARD -j DOCKER-USER',
      '-A DOCKER-USER -s 192.0.2.1/32 -j DROP',
      '-A DOCKER-USER -j RETURN',
    ]);
    expect(after).toMatch(/^:FORWARD ACCEPT/m);
  });
});

describe('what dead engines have left', () => {
  const remove = async (): Promise<void> => {
    for (const command of await removalsOfDeadNetworks(host)) await host.run(command);
  };

  it('masquerades nothing after it was removed, and no other rule is touched', async () => {
    await shell(own + engine('br-aaaaaaaaaaaa'));
    const before = await network();
    await shell(`
      ip link add br-bbbbbbbbbbbb type bridge
      iptables -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o br-bbbbbbbbbbbb -j MASQUERADE
      iptables -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o br-cccccccccccc -j MASQUERADE
      ip6tables -t nat -A POSTROUTING -s fc00::/64 ! -o br-cccccccccccc -j MASQUERADE
      ip link add port type veth peer name peer
      ip link set port master br-aaaaaaaaaaaa
    `);
    await remove();
    await shell('ip link del port');
    expect(await network()).toBe(before);
    await remove();
    expect(await network()).toBe(
      before
        .split('\n')
        .filter((line) => line !== 'br-aaaaaaaaaaaa:' && !line.includes('! -o br-aaaaaaaaaaaa -j MASQUERADE'))
        .join('\n'),
    );
  });

  it('is nothing on a machine without an engine', async () => {
    await shell(own);
    expect(await removalsOfDeadNetworks(host)).toEqual([]);
  });
});

it('a record of an earlier boot does not count', async () => {
  await recordNetwork(host, dirs());
  const file = `${dirs().state}/network-before-engine.json`;
  const record = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({...record, boot: 'earlier'}));
  expect(await recordedNetwork(dirs())).toBeUndefined();
});

it('replaces a record that a power failure has truncated', async () => {
  await recordNetwork(host, dirs());
  await writeFile(`${dirs().state}/network-before-engine.json`, '');
  expect(await recordedNetwork(dirs())).toBeUndefined();
  await recordNetwork(host, dirs());
  expect(await recordedNetwork(dirs())).toMatchObject({bridges: []});
});
