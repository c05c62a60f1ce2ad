/** Runs the public CLI as a user does, and reads the state of the cluster. */

import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {expect} from 'vitest';
import {dirsOf} from '../../../src/cache/dirs.ts';
import {nodeHost} from '../../../src/host/node-host.ts';
import {localHost} from '../../../src/host/process.ts';
import {waitUntil} from '../../../src/host/wait-until.ts';
import {project} from '../../../src/project.ts';
import {withTools} from '../../../src/stages/lib/managed-engine.ts';

/** A running cluster of the user, which the chapters use and do not remove. */
const usersCluster = process.env['KNI_E2E_CLUSTER'];
export const lent = usersCluster !== undefined;
export const cluster = usersCluster ?? 'kni-e2e';
export const controlPlane = `${cluster}-control-plane`;
export const worker = `${cluster}-worker`;
export const named = ['--name', cluster] as const;
/** The pod that `up` leaves behind. */
export const sample = 'samplepod';
export const podSubnet = /^10\.244\.\d+\.\d+$/;

export const dirs = dirsOf(process.env);
export const host = withTools(localHost(), dirs);

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** Resolves when the command prints this text; rejects when it ends before that. */
  printed(text: string): Promise<void>;
  interrupt(): void;
}

/** Starts `kni-demo …` and shows its output as it comes. */
export const start = (...args: readonly string[]): Running => {
  const child = spawn(process.execPath, [join(project.root, 'bin/kni-demo.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const seen = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    process.stderr.write(chunk);
    for (const look of seen) look();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    process.stderr.write(chunk);
  });
  const ended = new Promise<Ended>((done, fail) => {
    child.once('error', fail);
    child.once('close', (exitCode) => done({exitCode, stdout, stderr}));
  });
  return {
    ended,
    printed: (text) =>
      new Promise((done, fail) => {
        const look = (): void => {
          if (!stdout.includes(text)) return;
          seen.delete(look);
          done();
        };
        seen.add(look);
        look();
        ended.then(() => fail(new Error(`ended without printing ${text}`)), fail);
      }),
    interrupt: () => void child.kill('SIGINT'),
  };
};

export const kniDemo = (...args: readonly string[]): Promise<Ended> => start(...args).ended;

/** Runs a command on this machine; returns its standard output. */
export const run = async (file: string, ...args: readonly string[]): Promise<string> =>
  (await host.run([file, args], {timeout: 60_000})).stdout;

/** Runs a command on a node; returns its standard output. */
export const onNode = async (node: string, file: string, ...args: readonly string[]): Promise<string> =>
  (await nodeHost(host, node).run([file, args], {timeout: 60_000})).stdout;

export const shell = (node: string, script: string): Promise<string> => onNode(node, 'sh', '-ec', script);

export const kubectl = (...args: readonly string[]): Promise<string> =>
  onNode(controlPlane, 'kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', ...args);

export const apply = async (manifest: unknown): Promise<void> => {
  await nodeHost(host, controlPlane).run(
    ['kubectl', ['--kubeconfig=/etc/kubernetes/admin.conf', 'apply', '-f', '-']],
    {
      input: JSON.stringify(manifest),
      timeout: 60_000,
    },
  );
};

/** Resolves once a ping from the pod is answered; `options` are those of ping. */
export const reaches = (from: string, ip: string, ...options: readonly string[]): Promise<true> =>
  eventually(`${from} to reach ${ip}`, async () =>
    (await kubectl('exec', from, '--', 'ping', '-c', '1', '-W', '5', ...options, ip)).includes(
      '1 packets received',
    ),
  );

/** One value of an object by JSONPath without braces; empty if the object or the value is missing. */
export const value = (path: string, ...what: readonly string[]): Promise<string> =>
  kubectl('get', ...what, '--ignore-not-found', '-o', `jsonpath={${path}}`);

export const podIp = (name: string): Promise<string> => value('.status.podIP', 'pod', name);

/**
 * Resolves with the first result of `probe` that is neither undefined nor false. The timeout is long, since the kubelet
 * retries some failures only once a minute.
 */
export const eventually = <T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  atMost = 180_000,
): Promise<T> =>
  waitUntil({what, every: 250, atMost, signal: new AbortController().signal}, async () => {
    const found = await probe();
    return found === false ? undefined : found;
  });

/** Resolves once the node has exactly the expected traces of pod networks. */
export const tracesLike = (node: string, expected: Traces): Promise<true> =>
  eventually(`${node} to have the pod networks that it had before`, async () => {
    expect(await tracesOn(node)).toEqual(expected);
    return true;
  });

/**
 * Resolves once the node has one network for each pod that the API server has on it, and no others. `hostPorts` is the
 * number of pods with a host port.
 */
export const networksOfPods = (node: string, {hostPorts = 0} = {}): Promise<true> =>
  eventually(`${node} to have one network for each of its pods`, async () => {
    const expected = await addressesOn(node);
    const {addresses, netns, records, ...counts} = await tracesOn(node);
    const found = {addresses, netns: netns.length, records: records.length, ...counts};
    const count = expected.length;
    expect(found).toEqual({addresses: expected, netns: count, records: count, veths: count, hostPorts});
    return true;
  });

/** Addresses that the API server has for the node's pods, without those on the host network. */
const addressesOn = async (node: string): Promise<readonly string[]> => {
  const line = '{.spec.hostNetwork} {.status.podIP}{"\\n"}';
  const printed = await kubectl(
    'get',
    'pods',
    '--all-namespaces',
    `--field-selector=spec.nodeName=${node}`,
    '-o',
    `jsonpath={range .items[*]}${line}{end}`,
  );
  const pods = printed.split('\n').map((pod) => pod.split(' '));
  return pods.flatMap(([hostNetwork, ip]) => (ip && hostNetwork !== 'true' ? [ip] : [])).sort();
};

/** Deletes the pods and waits until they are gone. On a busy node this takes longer than the timeout of one command. */
export const removePods = async (...names: readonly string[]): Promise<void> => {
  await kubectl('delete', 'pods', ...names, '--wait=false', '--ignore-not-found');
  await eventually(
    `${names.join(', ')} to be gone`,
    async () => (await kubectl('get', 'pods', ...names, '--ignore-not-found', '-o', 'name')) === '',
    300_000,
  );
};

/** Messages of the pod's events. */
export const eventsOf = (pod: string): Promise<string> => {
  const selector = `--field-selector=involvedObject.name=${pod}`;
  return kubectl('get', 'events', selector, '-o', 'jsonpath={.items[*].message}');
};

export const podReady = (name: string): Promise<true> =>
  eventually(`pod ${name} to be Ready`, async () => (await conditionOf('pod', name)) === 'True').then(
    () => true,
  );

export const conditionOf = (kind: string, name: string): Promise<string> =>
  value('.status.conditions[?(@.type=="Ready")].status', kind, name);

export const nodeReadiness = (name: string, status: 'True' | 'False'): Promise<unknown> =>
  eventually(
    `node ${name} to have Ready=${status}`,
    async () => (await conditionOf('node', name)) === status,
  );

/** Resolves once the kubelet has renewed the node's lease, which it does every 10 s. */
export const leaseRenewed = async (node: string): Promise<unknown> => {
  const renewTime = () => value('.spec.renewTime', '-n', 'kube-node-lease', 'lease', node);
  const last = await renewTime();
  return eventually(`the kubelet of ${node} to renew its lease`, async () => (await renewTime()) !== last);
};

export const nodeMessage = (name: string): Promise<string> =>
  value('.status.conditions[?(@.type=="Ready")].message', 'node', name);

/** What pod networks consist of on a node: after a pod's deletion none of its traces may remain. */
export interface Traces {
  readonly netns: readonly string[];
  readonly addresses: readonly string[];
  readonly records: readonly string[];
  readonly veths: number;
  /** Number of iptables chains for host ports. */
  readonly hostPorts: number;
}

export const tracesOn = async (node: string): Promise<Traces> => ({
  netns: await linesOn(node, 'ls /run/netns'),
  addresses: await linesOn(node, 'cd /var/lib/kni/ipam && find . -type f -name "*.*.*.*" -printf "%f\\n"'),
  records: await recordsOn(node),
  // The node is a container, so its own eth0 is a veth as well.
  veths: (await linesOn(node, "ip -o link show type veth | grep -v ': eth0@' || true")).length,
  hostPorts: (await linesOn(node, 'iptables-save -t nat | grep "^:CNI-DN-" || true')).length,
});

/** Keys of the runtime's records. */
const recordsOn = (node: string): Promise<readonly string[]> =>
  linesOn(node, "kni-runtime pods | jq --raw-output '.networks[].correlation'");

const linesOn = async (node: string, script: string): Promise<readonly string[]> =>
  (await shell(node, script)).split('\n').filter(Boolean).sort();

export const samplePod = (
  name: string,
  extra: {annotations?: Record<string, string>; spec?: Record<string, unknown>},
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {name, annotations: extra.annotations ?? {}},
  spec: {
    nodeName: worker,
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: 'kni-demo/sample:1',
        imagePullPolicy: 'IfNotPresent',
        command: ['/bin/ash', '-c', 'trap : TERM INT; sleep infinity & wait'],
        ...(extra.spec?.['container'] as object | undefined),
      },
    ],
    ...Object.fromEntries(Object.entries(extra.spec ?? {}).filter(([key]) => key !== 'container')),
  },
});

/** Prints what one needs to explain a failure with CI's output alone. */
export const dump = async (): Promise<void> => {
  for (const node of [controlPlane, worker]) {
    const journal = await onNode(
      node,
      'journalctl',
      '-u',
      'kni',
      '-u',
      'kubelet',
      '--no-pager',
      '-n',
      '60',
    ).catch(String);
    process.stderr.write(`--- ${node}\n${journal}\n`);
  }
  process.stderr.write(`${await kubectl('get', 'pods,events', '-A', '-o', 'wide').catch(String)}\n`);
};
