import {describe, expect, it} from 'vitest';
import {podTimesFrom} from '../../src/compare/pod-times.ts';

const sandbox = '677d12dd01e336fd';
const container = '97723cf3530a5580';
const metadata = (name: string) =>
  `&PodSandboxMetadata{Name:${name},Uid:2df0378b,Namespace:default,Attempt:0,}`;
const line = (second: string, msg: string) => `time="2026-11-28T16:12:${second}Z" level=info msg="${msg}"`;

/** As containerd 1.6 writes it. */
const containerd = [
  'time="2026-11-28T16:12:20.5Z" level=error msg="failed to reload cni configuration"',
  line('21.000000000', `RunPodSandbox for ${metadata('web-10')}`),
  line('21.119932126', `RunPodSandbox for ${metadata('web-1')}`),
  line('21.194844361', String.raw`loading plugin \"io.containerd.event.v1.publisher\"...`),
  line('21.308158689', String.raw`RunPodSandbox for ${metadata('web-1')} returns sandbox id \"${sandbox}\"`),
  line(
    '21.443864509',
    String.raw`CreateContainer within sandbox \"${sandbox}\" for container &ContainerMetadata{Name:web,Attempt:0,}`,
  ),
  line(
    '21.486567145',
    String.raw`CreateContainer within sandbox \"${sandbox}\" for &ContainerMetadata{Name:web,Attempt:0,} returns container id \"${container}\"`,
  ),
  line('21.488838737', String.raw`StartContainer for \"${container}\"`),
  line('21.759116008', String.raw`StartContainer for \"${container}\" returns successfully`),
].join('\n');
const second = Date.parse('2026-11-28T16:12:21Z');
const plugin = `1795882341200500000 other\n${second}250500000 ${sandbox}\n`.replace(
  String(second),
  String(second / 1000),
);

describe('podTimesFrom', () => {
  it('reads the begin of the sandbox, of the plugins and of the container', () => {
    const times = podTimesFrom('web-1', {containerd, plugin, createNetwork: undefined});
    expect(times.sandboxBegin - second).toBeCloseTo(119.932, 2);
    expect(times.pluginBegin - second).toBeCloseTo(250.5, 2);
    expect(times.containerStarted - second).toBeCloseTo(759.116, 2);
  });

  it('begins with CreateNetwork, which precedes the sandbox with KNI', () => {
    const createNetwork = second + 100;
    expect(podTimesFrom('web-1', {containerd, plugin, createNetwork}).sandboxBegin).toBe(createNetwork);
  });

  it.each([
    ['web-2', containerd, plugin, /ran a sandbox for pod web-2$/],
    ['web-1', containerd.split('\n').slice(0, 4).join('\n'), plugin, /had run a sandbox/],
    ['web-1', containerd.split('\n').slice(0, -1).join('\n'), plugin, /started a container/],
    ['web-1', containerd, '', /no CNI plugin ran for pod web-1/],
  ])('refuses incomplete logs of %s', (pod, log, stamps, message) => {
    expect(() => podTimesFrom(pod, {containerd: log, plugin: stamps, createNetwork: undefined})).toThrow(
      message,
    );
  });
});
