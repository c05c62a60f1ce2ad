/** The dashboard of a real cluster, over HTTP as the page uses it. */

import {rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, describe, expect, it} from 'vitest';
import type {ActionRequest, ActionResponse, SnapshotMessage} from '../../../src/dashboard/feed.ts';
import {readRecording} from '../../../src/dashboard/recording.ts';
import {exitCodes} from '../../../src/exit-codes.ts';
import {apply, cluster, controlPlane, named, shell, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo, type Running, start} from '../../rig/cluster/kni-demo.ts';
import {nodeMessage} from '../../rig/cluster/nodes.ts';
import {podIp, podReady, samplePod} from '../../rig/cluster/pods.ts';
import {type OpenFeed, openFeed, post, request} from '../../rig/dashboard/request.ts';
import {until} from '../../rig/wait.ts';

useCluster();

const file = join(tmpdir(), `kni-demo-e2e-${process.pid}.ndjson`);

let dashboard: Running;
let url = '';
let tab: OpenFeed;

/** Starts a dashboard with a tab. Its actions wait for another kni-demo on this machine. */
const open = async (...flags: readonly string[]): Promise<void> => {
  dashboard = start('dashboard', '--no-open', ...flags, ...named);
  await dashboard.printed('Ctrl-C ends it');
  url = /http:\S+/.exec(dashboard.output())?.[0] ?? '';
  tab = await openFeed(`${url}feed`);
};

const snapshot = () => tab.messages.findLast(({type}) => type === 'snapshot') as SnapshotMessage | undefined;
const nodeNow = (name: string) => snapshot()?.nodes.find((node) => node.name === name);
const podNow = (name: string) => snapshot()?.pods.find((pod) => pod.name === name);
const vethsOf = (pod: string) =>
  (nodeNow(worker)?.links ?? []).filter((link) => link.kind === 'veth' && link.pod === `default/${pod}`);
const act = async (action: ActionRequest): Promise<ActionResponse> =>
  JSON.parse((await post(`${url}actions`, action)).body);
/** Another kni-demo on this machine may hold the lock. */
const actAlone = (action: ActionRequest): Promise<ActionResponse> =>
  until(`${action.action} to succeed`, async () => {
    const response = await act(action);
    return response.output.includes('another kni-demo is running') ? undefined : response;
  });
const told = (pod: string): readonly string[] =>
  tab.messages
    .filter((message) => message.type === 'event' && message['pod'] === `default/${pod}`)
    .map(({source, kind, rpc, plugin, command}) =>
      [source, kind, rpc ?? plugin, command].filter(Boolean).join(' '),
    );

afterAll(async () => {
  tab.end();
  dashboard.kill();
  await dashboard.ended;
  await kniDemo('start', '--runtime-of', worker, ...named);
  await rm(file, {force: true});
});

describe('the dashboard', () => {
  it('shows both nodes with their networks, links and routes', async () => {
    await open('--record', file);
    await until('both nodes', () => nodeNow(worker)?.networks[0]?.ready && nodeNow(controlPlane)?.ready);
    const node = nodeNow(worker);
    expect(node).toMatchObject({
      role: 'worker',
      running: true,
      ready: true,
      kubelet: expect.stringMatching(/^v1\./),
    });
    expect(node?.links.find(({kind}) => kind === 'bridge')?.addresses).toHaveLength(1);
    expect(node?.routes.map((route) => route.node)).toContain(controlPlane);
    expect(node?.networks[0]?.used).toBeGreaterThan(0);
  });

  it('creates a pod and tells its life, its address and its veth', async () => {
    const response = await act({action: 'create-pod', name: 'shown', node: worker});
    expect(response).toMatchObject({
      ok: true,
      commandLine: expect.stringContaining(`kni-demo pod create shown --node ${worker}`),
      output: expect.stringContaining('1. address in runtime'),
    });
    await until('its veth', () => vethsOf('shown').length > 0 && podNow('shown')?.ready);
    const ip = await podIp('shown');
    expect(podNow('shown')).toMatchObject({ips: [ip], node: worker, state: 'attached'});
    expect(podNow('shown')?.interfaces[0]?.addresses).toEqual([`${ip}/24`]);
    expect(vethsOf('shown')[0]).toMatchObject({bridge: 'kni0', up: true});
    await until('the end of its start', () => told('shown').includes('api pod-ready'));
    // The kubelet may query again.
    expect(
      told('shown')
        .filter((each) => each.startsWith('runtime'))
        .slice(0, 12),
    ).toEqual([
      'runtime rpc-began CreateNetwork',
      'runtime netns-created',
      'runtime rpc-ended CreateNetwork',
      'runtime rpc-began AttachInterface',
      'runtime plugin-began bridge ADD',
      'runtime plugin-ended bridge ADD',
      'runtime plugin-began portmap ADD',
      'runtime plugin-ended portmap ADD',
      'runtime address-assigned',
      'runtime rpc-ended AttachInterface',
      'runtime rpc-began QueryPodNetwork',
      'runtime rpc-ended QueryPodNetwork',
    ]);
    const inspected = JSON.parse((await request(`${url}inspect?pod=shown`)).body);
    expect(inspected).toMatchObject({pod: {name: 'shown', ips: [ip]}, differences: []});
  });

  it('deletes the pod, and its veth goes', async () => {
    expect(await act({action: 'delete-pod', pod: 'default/shown'})).toMatchObject({ok: true});
    // The events of different sources come in any order.
    await until('its veth and its netns to be gone', () => {
      expect(told('shown')).toEqual(
        expect.arrayContaining(['runtime address-released', 'runtime netns-deleted', 'api pod-gone']),
      );
      return vethsOf('shown').length === 0 && podNow('shown') === undefined;
    });
  });

  it('says no secret of a pod', async () => {
    const secret = 'SECRET-of-a-pod';
    const container = {env: [{name: 'PASSWORD', value: secret}], args: [secret]};
    await apply(samplePod('discreet', {annotations: {'example.org/token': secret}, spec: {container}}));
    await podReady('discreet');
    await until('the pod', () => podNow('discreet')?.ready && vethsOf('discreet').length > 0);
    expect(JSON.stringify(tab.messages)).not.toContain(secret);
    expect((await request(`${url}inspect?pod=discreet`)).body).not.toContain(secret);
  });

  it('stops and starts the network runtime of a node, and shows why the node is not Ready', async () => {
    expect(await actAlone({action: 'stop-runtime', node: worker})).toMatchObject({
      ok: true,
      commandLine: expect.stringContaining(`kni-demo stop --runtime-of ${worker}`),
    });
    await until('the node to be shown as NotReady', () => nodeNow(worker)?.ready === false);
    expect(nodeNow(worker)?.reason).toBe(await nodeMessage(worker));
    expect(nodeNow(worker)?.silent).toContain('the network runtime does not answer');
    expect(vethsOf('discreet')).toHaveLength(1);
    expect(await actAlone({action: 'start-runtime', node: worker})).toMatchObject({ok: true});
    await until(
      'the node to be shown as Ready',
      () => nodeNow(worker)?.ready && nodeNow(worker)?.networks[0]?.ready,
    );
  });

  it('is not reached by a foreign page or a foreign name', async () => {
    const body = {action: 'delete-pod', pod: 'default/discreet'};
    expect((await post(`${url}actions`, body, {origin: 'http://attacker.example'})).status).toBe(403);
    const host = `attacker.example:${new URL(url).port}`;
    expect((await post(`${url}actions`, body, {host, origin: `http://${host}`})).status).toBe(403);
    expect((await request(`${url}feed`, {headers: {host}})).status).toBe(403);
    expect(podNow('discreet')?.ready).toBe(true);
  });

  it('keeps its recording after kill -9, and leaves no program on a node', async () => {
    const before = tab.messages.length;
    dashboard.kill();
    await dashboard.ended;
    const {messages, isCut} = await readRecording(file);
    expect(isCut).toBe(false);
    expect(messages).toBeGreaterThan(before / 2);
    const programs =
      'ps -eo args | grep -c "[e]vents --follow\\|[j]ournalctl .*--follow\\|[k]ubectl .*--watch" || true';
    for (const node of [worker, controlPlane])
      await until(`nothing to be left on ${node}`, async () => Number(await shell(node, programs)) === 0);
  });

  it('does not act if it is read-only, and ends on Ctrl-C', async () => {
    await open('--read-only');
    expect((await post(`${url}actions`, {action: 'delete-pod', pod: 'default/discreet'})).status).toBe(403);
    await until('the state', () => podNow('discreet')?.ready);
    expect(tab.messages[0]).toMatchObject({type: 'start', cluster, readOnly: true, actions: []});
    dashboard.interrupt();
    expect(await dashboard.ended).toMatchObject({exitCode: exitCodes.ok, stderr: ''});
  });
});
