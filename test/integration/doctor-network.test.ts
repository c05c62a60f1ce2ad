/** The check `network` of doctor on a test node with real bridges, rules and traffic. Only `docker` is a script. */
import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {networkCheck} from '../../src/doctor/network.ts';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {startTestNode, type TestNode} from '../rig/node/test-node.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const {signal} = new AbortController();
const alive = 'br-aaaaaaaaaaaa';
const dead = 'br-dddddddddddd';

let node: TestNode;
let dir: TempDir;
let host: Host;

beforeEach(async () => {
  dir = await tempDir();
  node = await startTestNode({});
  const path = `PATH=${dir.join('bin')}:${process.env['PATH']}`;
  host = {
    run: ([file, args], options) =>
      localHost().run(
        ['nsenter', ['-t', `${node.pid}`, '--net', '--mount', 'env', path, file, ...args]],
        options,
      ),
  };
  await docker(`echo '${JSON.stringify(kind)}'`);
});
afterEach(async () => {
  await node[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** What docker 26.1 prints of the network kind. */
const kind = {
  Name: 'kind',
  Id: `aaaaaaaaaaaa${'0'.repeat(52)}`,
  Driver: 'bridge',
  IPAM: {Config: [{Subnet: '172.18.0.0/16', Gateway: '172.18.0.1'}, {Subnet: 'fc00:f853:ccd:e793::/64'}]},
  Options: {'com.docker.network.driver.mtu': '1500'},
};

const docker = async (script: string): Promise<void> => {
  await mkdir(dir.join('bin'), {recursive: true});
  await writeFile(dir.join('bin/docker'), `#!/bin/sh\n${script}\n`);
  await chmod(dir.join('bin/docker'), 0o755);
};
const shell = (script: string): Promise<string> => node.run(['sh', '-ec', script]);
const masquerade = (source: string, bridge: string): string =>
  `iptables -t nat -A POSTROUTING -s ${source} '!' -o ${bridge} -j MASQUERADE\n`;
const check = () => networkCheck(host, signal);
const fix = async (): Promise<void> => {
  for (const command of (await check()).safe ?? []) await host.run(command);
};

/** The bridge of the nodes, and two containers on it. The node forwards, as with docker: otherwise masqueraded traffic gets no answer. */
const nodes = `
  echo 1 >/proc/sys/net/ipv4/ip_forward
  ip link add ${alive} type bridge
  ip address add 172.18.0.1/16 dev ${alive}
  ip link set ${alive} up
  mkdir -p /run/netns
  for each in 2 3; do
    ip netns add n$each
    ip link add port$each type veth peer name eth0 netns n$each
    ip link set port$each master ${alive} up
    ip -n n$each address add 172.18.0.$each/16 dev eth0
    ip -n n$each link set eth0 up
  done
  ${masquerade('172.18.0.0/16', alive)}
`;

/** The source address that node 3 sees when node 2 connects to it. */
const sourceSeen = async (): Promise<string> => {
  const server = `const s = require('net').createServer((c) => { console.log(c.remoteAddress); process.exit(); });
    s.listen(7000, '172.18.0.3', () => console.error('listening'));`;
  const client = `const again = () => require('net').connect(7000, '172.18.0.3').on('error', () => setTimeout(again, 50)); again();
    setTimeout(() => process.exit(), 10_000).unref();`;
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const program = `'${process.execPath}' -e`;
  return (
    await shell(`
      ip netns exec n2 ${program} ${quoted(client)} & client=$!
      timeout 10 ip netns exec n3 ${program} ${quoted(server)} 2>/dev/null
      kill $client 2>/dev/null || true
    `)
  ).trim();
};

describe('the check of the network', () => {
  it('finds nothing wrong with the rules of the engine', async () => {
    expect(await check()).toMatchObject({kind: 'ok'});
    await shell(nodes);
    expect(await check()).toEqual({name: 'network', kind: 'ok', message: 'no stale masquerading'});
    expect(await sourceSeen()).toBe('172.18.0.2');
  });

  it('names the rule of a dead engine that changes the traffic between nodes, and removes it', async () => {
    await shell(nodes + masquerade('172.18.0.0/16', dead));
    expect(await sourceSeen()).toBe('172.18.0.1');
    expect(await check()).toMatchObject({
      kind: 'problem',
      message: `stale masquerading for ${dead} breaks traffic of nodes`,
      fix: `iptables -t nat -D POSTROUTING -s 172.18.0.0/16 '!' -o ${dead} -j MASQUERADE`,
    });
    await fix();
    expect(await check()).toMatchObject({kind: 'ok'});
    expect(await sourceSeen()).toBe('172.18.0.2');
  });

  it('has a command that a shell accepts', async () => {
    await shell(nodes + masquerade('172.18.0.0/16', dead));
    await shell((await check()).fix ?? '');
    expect(await check()).toMatchObject({kind: 'ok'});
  });

  it('only warns of a rule for other addresses', async () => {
    await shell(nodes + masquerade('172.19.0.0/16', dead));
    expect(await check()).toMatchObject({
      kind: 'warning',
      message: `stale masquerading for ${dead}`,
    });
  });

  it('does not let --fix remove the rule of an engine that has its bridge', async () => {
    await shell(`${nodes}ip link add ${dead} type bridge\n${masquerade('172.18.128.0/17', dead)}`);
    const found = await check();
    expect(found).toMatchObject({
      kind: 'problem',
      message: `masquerading of another network for ${dead} breaks traffic of nodes`,
      safe: [],
    });
    await fix();
    expect(await check()).toEqual(found);
  });

  it('leaves alone networks of the same engine with other addresses, and rules for IPv6', async () => {
    await shell(
      `${nodes}ip link add ${dead} type bridge\n${masquerade('172.19.0.0/16', dead)}` +
        `ip6tables -t nat -A POSTROUTING -s fc00:f853:ccd:e793::/64 '!' -o ${alive} -j MASQUERADE`,
    );
    expect(await check()).toMatchObject({kind: 'ok'});
  });

  it('finds a rule for IPv6', async () => {
    await shell(`${nodes}ip6tables -t nat -A POSTROUTING -s fc00::/7 '!' -o ${dead} -j MASQUERADE`);
    expect(await check()).toMatchObject({
      kind: 'problem',
      fix: expect.stringMatching(/^ip6tables /) as string,
    });
  });

  it('warns of a dead rule before the first cluster', async () => {
    await docker('echo "Error response from daemon: network kind not found" >&2; exit 1');
    await shell(masquerade('172.18.0.0/16', dead));
    expect(await check()).toMatchObject({kind: 'warning'});
  });

  it('checks nothing if the bridge of the nodes is not on this machine', async () => {
    await shell(masquerade('172.18.0.0/16', dead));
    expect(await check()).toMatchObject({
      kind: 'ok',
      message: 'not checked: docker has its networks elsewhere',
    });
  });

  it('says that it needs root', async () => {
    await writeFile(
      dir.join('bin/iptables-save'),
      '#!/bin/sh\nexec setpriv --reuid 65534 --clear-groups /usr/sbin/iptables-save\n',
      {
        mode: 0o755,
      },
    );
    expect(await check()).toMatchObject({
      kind: 'ok',
      message: expect.stringMatching(/^not checked, only root can read the rules: /) as string,
    });
  });
});
