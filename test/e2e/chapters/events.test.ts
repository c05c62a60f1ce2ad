/** The events of a real cluster: complete, in order, and true. */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, named, onNode, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo, start} from '../../rig/cluster/kni-demo.ts';
import {podIp} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

useCluster();

type Event = Readonly<Record<string, unknown>> & {
  readonly time: string;
  readonly source: string;
  readonly kind: string;
};

const eventsIn = (lines: string): readonly Event[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

/** What happened, with the name of the call. */
const told = ({source, kind, rpc, plugin, command}: Event): string =>
  [source, kind, rpc ?? plugin, command].filter(Boolean).join(' ');

const inTime = (events: readonly Event[]): readonly Event[] =>
  events.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));

describe('events', () => {
  it('tell the start of a pod while it starts, in order and with the address of the API server', async () => {
    const name = 'watched';
    const {exitCode, stdout} = await kniDemo(
      'pod',
      'create',
      name,
      '--node',
      worker,
      '--watch',
      '--json',
      ...named,
    );
    expect(exitCode).toBe(exitCodes.ok);
    const events = eventsIn(stdout).filter(({type}) => type === 'event');
    const ofNode = events.filter(({source}) => source === 'runtime' || source === 'containerd');
    expect(ofNode.map(told)).toEqual([
      'runtime rpc-began CreateNetwork',
      'runtime netns-created',
      'runtime rpc-ended CreateNetwork',
      'containerd sandbox-starting',
      'containerd sandbox-started',
      'runtime rpc-began AttachInterface',
      'runtime plugin-ended bridge ADD',
      'runtime plugin-ended portmap ADD',
      'runtime address-assigned',
      'runtime rpc-ended AttachInterface',
      'runtime rpc-began QueryPodNetwork',
      'runtime rpc-ended QueryPodNetwork',
      'containerd container-created',
      'containerd container-started',
    ]);
    expect(ofNode).toEqual(inTime(ofNode));
    expect(new Set(events.map(({pod}) => pod))).toEqual(new Set([`default/${name}`]));
    expect(events.map(told)).toEqual(
      expect.arrayContaining([
        'api pod-created',
        'api pod-scheduled',
        'kubelet volume-mount',
        'api pod-ready',
      ]),
    );
    const ip = await podIp(name);
    expect(events.find(({kind}) => kind === 'address-assigned')?.['address']).toBe(`${ip}/24`);
    expect(events.find(({kind}) => kind === 'pod-ready')?.['address']).toBe(ip);
  });

  it('tell the same afterwards, and the end of the pod', async () => {
    const name = 'watched';
    expect((await kniDemo('pod', 'delete', name, ...named)).exitCode).toBe(exitCodes.ok);
    const {exitCode, stdout} = await kniDemo('events', '--pod', name, '--json', ...named);
    expect(exitCode).toBe(exitCodes.ok);
    const events = eventsIn(stdout);
    expect(events).toEqual(inTime(events));
    expect(events.map(told)).toEqual(
      expect.arrayContaining([
        'runtime rpc-ended AttachInterface',
        'runtime plugin-ended bridge DEL',
        'runtime address-released',
        'runtime netns-deleted',
        'containerd sandbox-removed',
      ]),
    );
    const lines = (await kniDemo('events', '--pod', name, ...named)).stdout.trim().split('\n');
    expect(lines.join('\n')).toMatch(/^[\d:.]{12} {2}worker +runtime {5}AttachInterface ok [\d.]+ ms$/m);
  });

  it('go on after the restart of a runtime, and leave no program on the node when their reader is killed', async () => {
    const following = start('events', '-f', '--node', worker, ...named);
    const programs = () =>
      onNode(
        worker,
        'sh',
        '-c',
        'ps -eo args | grep -c "[e]vents --follow\\|[j]ournalctl --unit=kubelet" || true',
      );
    // An event of the past that only the runtime knows: the command reads its events.
    await following.printed('netns deleted');
    expect(Number(await programs())).toBeGreaterThan(0);
    await onNode(worker, 'systemctl', 'restart', 'kni');
    await following.printed('runtime stops');
    await following.printed('lost the network runtime');
    await following.printed('reconnected to the network runtime');
    await following.printed('runtime started');
    following.kill();
    expect((await following.ended).stderr).toBe('');
    await until('nothing is left on the node', async () => Number(await programs()) === 0);
  });

  it('refuse an unknown node', async () => {
    const {exitCode, stderr} = await kniDemo('events', '--node', 'no-such-node', ...named);
    expect(exitCode).toBe(exitCodes.badInput);
    expect(stderr).toContain(`the nodes are ${cluster}-control-plane, ${worker}`);
  });
});
