import {beforeAll, describe, expect, it} from 'vitest';
import {startNodeWithRuntime} from '../rig/node/fixture.ts';
import type {TestNode} from '../rig/node/node.ts';
import {bringUp, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, type TestRuntime} from '../rig/node/runtime.ts';

const gateway = '10.84.0.1';
const network = {
  cniVersion: '1.0.0',
  name: 'limited',
  plugins: [
    {
      type: 'bridge',
      bridge: 'br-limited',
      isGateway: true,
      ipam: {type: 'host-local', dataDir: `${paths.state}/ipam`, ranges: [[{subnet: '10.84.0.0/24'}]]},
    },
    {type: 'bandwidth', capabilities: {bandwidth: true}},
  ],
};

const streamMs = 4000;
/** Receives for some seconds; prints the bytes and the milliseconds since the first ones. */
const receiver = `
  require('node:net').createServer((peer) => {
    let bytes = 0;
    let start = 0;
    peer.on('error', () => {}).on('data', (chunk) => {
      start ||= performance.now();
      bytes += chunk.length;
      const ms = performance.now() - start;
      if (ms < ${streamMs}) return;
      console.log(JSON.stringify({bytes, ms}));
      process.exit();
    });
  }).listen(5001)`;
/** Sends as fast as the other side takes it. */
const sender = `
  const connect = () => {
    const peer = require('node:net').connect(5001, process.argv[1]);
    let isUp = false;
    const send = () => { while (peer.write(Buffer.alloc(65536))); };
    peer.on('connect', () => { isUp = true; send(); }).on('drain', send)
      .on('error', () => isUp ? process.exit() : setTimeout(connect, 50)).on('close', () => isUp && process.exit());
  };
  connect();`;

describe('a pod with bandwidth annotations', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithRuntime([], {[`${paths.conf}/05-limited.conflist`]: network});
    ({node, runtime} = started);
    return started.stop;
  });

  const limits = async () => {
    const qdiscs = JSON.parse(await node.run(['tc', '-json', 'qdisc', 'show'])) as {
      kind: string;
      dev: string;
      options: {rate: number; burst: number};
    }[];
    return qdiscs
      .filter(({kind}) => kind === 'tbf')
      .map(({dev, options: {rate, burst}}) => ({on: dev.slice(0, 3), rate, burst}))
      .sort((a, b) => a.on.localeCompare(b.on));
  };
  const bitsPerSecond = async (from: string[], to: string[], ip: string) => {
    const received = node.run([...to, process.execPath, '-e', receiver]);
    await node.run([...from, process.execPath, '-e', sender, ip]);
    const {bytes, ms} = JSON.parse(await received) as {bytes: number; ms: number};
    return (bytes * 8 * 1000) / ms;
  };

  it('sends and receives at about the rate, and not much more', async () => {
    const pod = newPod('limited');
    const annotations = {
      'kubernetes.io/ingress-bandwidth': '8M',
      'kubernetes.io/egress-bandwidth': '16M',
    };
    const {netns, ip} = await bringUp(runtime.kni, pod, {annotations});
    const [egress, ingress] = await limits();
    expect(ingress).toMatchObject({on: 'vet', rate: 1_000_000});
    expect(egress).toMatchObject({on: 'bwp', rate: 2_000_000});
    for (const limit of [ingress, egress]) {
      expect(limit?.burst).toBeGreaterThan(65_536); // a packet of GSO
      expect(limit?.burst).toBeLessThan(200_000);
    }
    const inPod = ['nsenter', `--net=${netns}`, '--'];
    const received = await bitsPerSecond([], inPod, ip);
    expect(received).toBeGreaterThan(0.6 * 8e6);
    expect(received).toBeLessThan(1.25 * 8e6);
    const sent = await bitsPerSecond(inPod, [], gateway);
    expect(sent).toBeGreaterThan(0.6 * 16e6);
    expect(sent).toBeLessThan(1.25 * 16e6);
    await takeDown(runtime.kni, pod, netns);
    expect(await limits()).toEqual([]);
  });

  it.each(['1k', '1G', '1T'])('has the rate that it asks for in the kernel: %s', async (quantity) => {
    const rate = {k: 1e3, G: 1e9, T: 1e12}[quantity.slice(-1)] ?? 0;
    const pod = newPod('extreme');
    const annotations = {'kubernetes.io/ingress-bandwidth': quantity};
    const {netns} = await bringUp(runtime.kni, pod, {annotations});
    const [ingress] = await limits();
    expect(ingress?.rate).toBe(rate / 8);
    expect(ingress?.burst).toBeGreaterThan(9000);
    await takeDown(runtime.kni, pod, netns);
  });
});
