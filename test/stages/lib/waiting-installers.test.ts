import {describe, expect, it} from 'vitest';
import {UserError} from '../../../src/errors.ts';
import type {Host} from '../../../src/host/host.ts';
import {withWaitingInstallers} from '../../../src/stages/lib/waiting-installers.ts';

const network = {
  name: 'agent',
  manifest: '{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: net}}',
};
const pod = (namespace: string, name: string, isReady: boolean) => ({
  kind: 'Pod',
  metadata: {namespace, name, uid: name},
  spec: {},
  status: {
    phase: 'Pending',
    conditions: [{type: 'Ready', status: isReady ? 'True' : 'False'}],
    initContainerStatuses: [
      {state: {terminated: {}}},
      {state: {waiting: {reason: 'ImagePullBackOff', message: 'Back-off pulling image "example.org/a:1"'}}},
    ],
    containerStatuses: [{state: {waiting: {reason: 'PodInitializing'}}}],
  },
});
const apiServer = (...items: readonly object[]): Host => ({
  run: async () => ({stdout: JSON.stringify({items}), stderr: ''}),
});
const nodesError = new UserError({
  what: 'waited 180 s for all nodes to be Ready',
  why: 'a: no configuration',
  tryThis: 'read',
  code: 'KNI-E103',
});

describe('withWaitingInstallers', () => {
  it('adds why the pods of the network do not run', async () => {
    const others = [
      pod('net', 'agent-ready', true),
      pod('net', 'other-1', false),
      pod('default', 'agent-1', false),
    ];
    const host = apiServer(pod('net', 'agent-1', false), ...others);
    expect(await withWaitingInstallers(nodesError, {controlPlane: host, name: 'lab'}, network)).toMatchObject(
      {
        what: nodesError.what,
        why: 'a: no configuration\npod net/agent-1 of network agent: ImagePullBackOff: Back-off pulling image "example.org/a:1"',
        tryThis:
          'check that the nodes reach the registry, or load the images: kni-demo image load IMAGE --name lab; then run the same command again, or go back: kni-demo up --cni kni --name lab',
        errorCode: 'KNI-E103',
      },
    );
  });

  it('leaves other errors alone', async () => {
    const cluster = (controlPlane: Host) => ({controlPlane, name: 'test1'});
    const waiting = cluster(apiServer(pod('net', 'agent-1', false)));
    const broken = cluster({run: async () => Promise.reject(new Error('no answer'))});
    const bug = new TypeError('a bug');
    expect(await withWaitingInstallers(bug, waiting, network)).toBe(bug);
    expect(await withWaitingInstallers(nodesError, cluster(apiServer()), network)).toBe(nodesError);
    expect(await withWaitingInstallers(nodesError, broken, network)).toBe(nodesError);
    expect(await withWaitingInstallers(nodesError, waiting, {name: 'mine'})).toBe(nodesError);
  });
});
