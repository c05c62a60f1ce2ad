import {chmod, readFile, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {findPod} from '../../src/cluster/pod.ts';
import {createPod, podManifest, readyPod, replacePod, waitForPod} from '../../src/cluster/pods.ts';
import {nodeReadiness} from '../../src/cluster/readiness.ts';
import {UserError} from '../../src/errors.ts';
import {CommandError} from '../../src/host/command-error.ts';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {applyManifest, awaitPodReady, getJson} from '../../src/tools/kubectl.ts';
import {exchange, rejection} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const get = getJson('-n', 'default', 'pods', '--ignore-not-found', 'a');
const pod = (status: object, spec: object = {nodeName: 'test1-worker'}): string =>
  JSON.stringify({metadata: {name: 'a', uid: 'uid-1'}, spec, status});
const ready = pod({
  phase: 'Running',
  podIP: '10.244.1.5',
  conditions: [
    {type: 'PodScheduled', status: 'True'},
    {type: 'Ready', status: 'True'},
  ],
});

describe('podManifest', () => {
  it('is the sample pod with another name and image', async () => {
    const sample = parse(await podManifest({name: 'samplepod', image: 'kni-demo/sample:1'}));
    expect(parse(await podManifest({name: 'a.b', image: 'busybox:1'}))).toEqual({
      ...sample,
      metadata: {name: 'a.b'},
      spec: {...sample.spec, containers: [{...sample.spec.containers[0], image: 'busybox:1'}]},
    });
    expect(sample.spec.containers[0].command).toEqual([
      '/bin/ash',
      '-c',
      'trap : TERM INT; sleep infinity & wait',
    ]);
    expect(sample.spec).not.toHaveProperty('nodeSelector');
  });

  it('finds its container by a label, with any pod name', async () => {
    const {spec} = parse(await podManifest({name: `${'a'.repeat(100)}.b`, image: 'busybox'}));
    expect(spec.containers[0].name).toMatch(/^[a-z0-9-]{1,63}$/);
  });

  it('binds it to a node, past its taints', async () => {
    const {spec} = parse(await podManifest({name: 'a', image: 'b', node: 'test1-worker'}));
    expect(spec).toMatchObject({
      nodeSelector: {'kubernetes.io/hostname': 'test1-worker'},
      tolerations: [{operator: 'Exists'}],
    });
  });

  it('has its annotations, and quotes values that YAML would misread', async () => {
    const annotations = {'kni.dev/netns': '/proc/1/ns/net', odd: 'true', colon: 'a: b\nc'};
    const {metadata, spec} = parse(await podManifest({name: '1e3', image: 'yes', annotations}));
    expect(metadata).toEqual({name: '1e3', annotations});
    expect(spec.containers[0].image).toBe('yes');
  });
});

describe('createPod', () => {
  it('passes the manifest to kubectl', async () => {
    using host = fakeHost(exchange(applyManifest, 'pod/a created'));
    await createPod(host, {name: 'a', image: 'b'});
    expect(host.options[0]?.input).toBe(await podManifest({name: 'a', image: 'b'}));
  });
});

describe('findPod', () => {
  const found = async (printed: string) => {
    using host = fakeHost(exchange(get, printed));
    return await findPod(host, 'a');
  };

  it('finds none', async () => {
    expect(await found('')).toBeUndefined();
  });

  it('finds one that is Ready', async () => {
    expect(await found(ready)).toEqual({
      namespace: 'default',
      name: 'a',
      phase: 'Running',
      hostNetwork: false,
      startedAt: undefined,
      uid: 'uid-1',
      ready: true,
      node: 'test1-worker',
      ips: ['10.244.1.5'],
      why: 'phase Running',
      stuck: false,
      crashing: false,
    });
  });

  it.each([
    ['its phase, where that is all', {phase: 'Pending'}, 'phase Pending'],
    ['that its phase is unknown', {}, 'phase unknown'],
    [
      'why it is not scheduled',
      {conditions: [{type: 'PodScheduled', status: 'False', message: '0/2 nodes are available'}]},
      '0/2 nodes are available',
    ],
    [
      'why a container waits',
      {
        conditions: [{type: 'Ready', status: 'False', message: 'containers with unready status: [a]'}],
        containerStatuses: [
          {state: {running: {}}},
          {state: {waiting: {reason: 'ErrImagePull', message: 'no such host'}}},
        ],
      },
      'ErrImagePull: no such host',
    ],
    [
      'a reason without a message',
      {containerStatuses: [{}, {state: {waiting: {reason: 'ContainerCreating'}}}]},
      'ContainerCreating',
    ],
  ])('tells %s', async (_, status, why) => {
    expect(await found(pod(status, {}))).toMatchObject({ready: false, node: undefined, ips: [], why});
  });

  it('does not believe another shape', async () => {
    await expect(found('{"metadata":{"name":"a"}}')).rejects.toThrow('cannot read pod a: metadata.uid: ');
  });
});

describe('waitForPod', () => {
  const {signal} = new AbortController();

  it('does not wait for a pod that cannot become Ready', async () => {
    const waiting = {reason: 'ImagePullBackOff', message: 'Back-off pulling image "nowhere/x"'};
    const stuck = pod({containerStatuses: [{state: {waiting}}]});
    const host: Host = {
      run: async ([, args]) => ({stdout: args.includes('events') ? '' : stuck, stderr: ''}),
    };
    await expect(waitForPod(host, 'a', {signal})).rejects.toMatchObject({
      what: 'pod a cannot become Ready',
      why: 'ImagePullBackOff: Back-off pulling image "nowhere/x"',
    });
  });

  describe('a pod whose container ends again and again', () => {
    const waiting = {reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container'};
    const crashing = pod({containerStatuses: [{state: {waiting}}]});

    it('is waited for: it may be what a node told that was stopped then', async () => {
      using host = fakeHost([crashing, crashing, ready].map((state) => exchange(get, state)).join(''));
      expect(await waitForPod(host, 'a', {signal})).toMatchObject({ready: true});
    });

    it('is given up when that lasts', async () => {
      let asked = 0;
      const host: Host = {
        async run([, args]) {
          asked++;
          return {stdout: args.includes('events') ? '' : crashing, stderr: ''};
        },
      };
      await expect(waitForPod(host, 'a', {signal, patience: 300})).rejects.toMatchObject({
        what: 'pod a cannot become Ready',
        why: 'CrashLoopBackOff: back-off 10s restarting failed container',
      });
      expect(asked).toBeGreaterThan(2);
    });
  });

  it('waits while it is missing, not Ready or unknown', async () => {
    using host = fakeHost(
      [
        exchange(get),
        exchange(get, '2> connection refused', '[exit code 1]'),
        exchange(get, pod({phase: 'Pending'})),
        exchange(get, ready),
      ].join(''),
    );
    expect(await waitForPod(host, 'a', {signal})).toMatchObject({ready: true, ips: ['10.244.1.5']});
  });

  it.each([
    [
      'the last warning',
      pod({phase: 'Pending'}),
      'Failed to create pod sandbox: no answer',
      'Failed to create pod sandbox: no answer',
    ],
    ['the status of the pod without a warning', pod({phase: 'Pending'}), '', 'phase Pending'],
    ['that the pod is missing', '', '', 'the API server does not know the pod'],
  ])('gives up with %s', async (_, state, warning, why) => {
    const host: Host = {
      run: async ([, args]) => ({stdout: args.includes('events') ? warning : state, stderr: ''}),
    };
    expect(await rejection(waitForPod(host, 'a', {signal, atMost: 50}), UserError)).toMatchObject({
      what: expect.stringMatching(/^waited 0\.1 s for pod a to be Ready/),
      why,
      tryThis:
        'fix the cause, or delete the pod, which still exists; see what the runtime did: kni-demo logs --pod a',
    });
  });

  it('counts how long the caller has waited before', async () => {
    const host: Host = {run: async () => ({stdout: '', stderr: ''})};
    await expect(waitForPod(host, 'a', {signal, atMost: 50, waited: 30_000})).rejects.toMatchObject({
      what: expect.stringMatching(/^waited 30\.1 s for pod a to be Ready/),
    });
  });

  it('ends when it is cancelled', async () => {
    const cancel = new AbortController();
    const host: Host = {
      async run() {
        cancel.abort(new Error('cancelled by SIGINT'));
        return {stdout: '', stderr: ''};
      },
    };
    await expect(waitForPod(host, 'a', {signal: cancel.signal})).rejects.toThrow('cancelled by SIGINT');
  });
});

describe('nodeReadiness', () => {
  it('tells each node with the reason the API server gives', async () => {
    const condition = {type: 'Ready', status: 'False', message: 'KNI: the network runtime does not answer'};
    const items = [
      {
        metadata: {name: 'a'},
        status: {
          conditions: [
            {type: 'DiskPressure', status: 'True'},
            {type: 'Ready', status: 'True', message: 'ok'},
          ],
          nodeInfo: {kubeletVersion: 'v1.20.2+abc', containerRuntimeVersion: 'containerd://1.6.20'},
        },
      },
      {metadata: {name: 'b'}, status: {conditions: [condition]}},
      {metadata: {name: 'c'}, status: {conditions: [{...condition, status: 'Unknown'}]}},
      {metadata: {name: 'd'}, status: {}},
      {metadata: {name: 'e'}},
    ];
    const none = {kubelet: '', containerRuntime: ''};
    const reported = {kubelet: 'v1.20.2+abc', containerRuntime: 'containerd://1.6.20'};
    using host = fakeHost(exchange(getJson('nodes'), JSON.stringify({items})));
    expect(await nodeReadiness(host)).toEqual([
      {name: 'a', ready: true, message: 'ok', versions: reported},
      {name: 'b', ready: false, message: condition.message, versions: none},
      {name: 'c', ready: false, message: condition.message, versions: none},
      {name: 'd', ready: false, message: 'no condition reported yet', versions: none},
      {name: 'e', ready: false, message: 'no condition reported yet', versions: none},
    ]);
  });
});

describe('replacePod', () => {
  /** The script runs here, with a kubectl that writes down its work. Like the real one, it refuses to create nothing. */
  const replaceWith = async (dir: TempDir, deletion: string): Promise<string> => {
    const kubectl = `#!/bin/sh
case "$*" in
*' delete pod a '*) sleep 0.1; ${deletion} ;;
*' create '*) grep . >>${dir.join('log')} || { echo 'error: no objects passed to create' >&2; exit 1; } ;;
esac
`;
    await writeFile(dir.join('kubectl'), kubectl);
    await chmod(dir.join('kubectl'), 0o755);
    await writeFile(dir.join('log'), '');
    const env = {PATH: `${dir.path}:${process.env['PATH']}`};
    await replacePod({run: (command, options) => localHost().run(command, {...options, env})}, {name: 'a'});
    return readFile(dir.join('log'), 'utf8');
  };

  it('creates the pod after the former one was deleted', async () => {
    await using dir = await tempDir();
    const [first, ...manifest] = (await replaceWith(dir, `echo deleted >>${dir.join('log')}`)).split('\n');
    expect(first).toBe('deleted');
    const {spec, ...rest} = parse(await podManifest({name: 'a'}));
    expect(parse(manifest.join('\n'))).toEqual({
      ...rest,
      spec: {...spec, automountServiceAccountToken: false},
    });
  });

  it('creates no pod if the former one could not be deleted, and says why', async () => {
    await using dir = await tempDir();
    const why =
      'The connection to the server 172.18.0.2:6443 was refused - did you specify the right host or port?';
    const failing = `echo 'warning: Immediate deletion does not wait.' >&2; echo '${why}' >&2; exit 1`;
    const error = await rejection(replaceWith(dir, failing), CommandError);
    expect(error.lastLine).toBe(why);
    expect(await readFile(dir.join('log'), 'utf8')).toBe('');
  });
});

describe('readyPod', () => {
  const {signal} = new AbortController();

  it('returns the pod that kubectl printed when it was Ready', async () => {
    const host = fakeHost(exchange(awaitPodReady('a', 1_000), ready));
    expect(await readyPod(host, 'a', {signal, atMost: 1_000})).toMatchObject({
      ready: true,
      ips: ['10.244.1.5'],
    });
  });
});
