/** The public CLI as a user runs it, and what of the cluster a user can see. */

import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {expect} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {nodeHost} from '../../src/host/node-host.ts';
import {localHost} from '../../src/host/process.ts';
import {waitUntil} from '../../src/host/wait-until.ts';
import {project} from '../../src/project.ts';
import {withBrought} from '../../src/stages/lib/managed-engine.ts';

/** Another one while a chapter is written. */
export const cluster = process.env['KNI_E2E_CLUSTER'] ?? 'kni-e2e';
export const controlPlane = `${cluster}-control-plane`;
export const worker = `${cluster}-worker`;
export const named = ['--name', cluster] as const;
/** The pod that `up` leaves behind. */
export const sample = 'samplepod';
export const podSubnet = /^10\.244\.\d+\.\d+$/;

export const dirs = dirsOf(process.env);
export const host = withBrought(localHost(), dirs);

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** Resolves when this was printed; rejects when the command ended without. */
  printed(text: string): Promise<void>;
  interrupt(): void;
}

/** `npx kni-demo …`, its output shown as it comes. */
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

/** A command's standard output, on this machine. */
export const run = async (file: string, ...args: readonly string[]): Promise<string> =>
  (await host.run([file, args], {timeout: 60_000})).stdout;

/** The same on a node. */
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

/** One value of an object, by JSONPath without braces; empty where there is none. */
export const value = (path: string, ...what: readonly string[]): Promise<string> =>
  kubectl('get', ...what, '--ignore-not-found', '-o', `jsonpath={${path}}`);

export const podIp = (name: string): Promise<string> => value('.status.podIP', 'pod', name);

/**
 * Resolves with the first result of `probe` that is neither undefined nor false. What the kubelet could not do at once,
 * its own loops do once a minute: hence the patience.
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

/** Resolves once `node` has on it what it had at another time, and nothing else. */
export const tracesLike = (node: string, expected: Traces): Promise<true> =>
  eventually(`${node} to have the networks that it had`, async () => {
    expect(await tracesOn(node)).toEqual(expected);
    return true;
  });

/**
 * Resolves once `node` has the networks of the pods that the API server has on it, and no others. `hostPorts` of them have
 * a host port.
 */
export const networksOfPods = (node: string, {hostPorts = 0} = {}): Promise<true> =>
  eventually(`${node} to have the networks of its pods and no others`, async () => {
    const expected = await addressesOn(node);
    const {addresses, netns, records, ...counts} = await tracesOn(node);
    const found = {addresses, netns: netns.length, records: records.length, ...counts};
    const count = expected.length;
    expect(found).toEqual({addresses: expected, netns: count, records: count, veths: count, hostPorts});
    return true;
  });

/** Of all pods with a network of their own, as the API server has them. */
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

/** Names, or `--all`. A busy kubelet takes its time over a deletion: longer than a command may. */
export const removePods = async (...which: readonly string[]): Promise<void> => {
  await kubectl('delete', 'pods', ...which, '--wait=false', '--ignore-not-found');
  const what = which.includes('--all') ? [] : which;
  await eventually(
    `${which.join(', ')} to be gone`,
    async () => (await kubectl('get', 'pods', ...what, '--ignore-not-found', '-o', 'name')) === '',
    300_000,
  );
};

export const podReady = (name: string): Promise<true> =>
  eventually(`pod ${name} to be Ready`, async () => (await conditionOf('pod', name)) === 'True').then(
    () => true,
  );

export const conditionOf = (kind: string, name: string): Promise<string> =>
  value('.status.conditions[?(@.type=="Ready")].status', kind, name);

export const nodeMessage = (name: string): Promise<string> =>
  value('.status.conditions[?(@.type=="Ready")].message', 'node', name);

/** What a pod's network leaves on its node while it exists. */
export interface Traces {
  readonly netns: readonly string[];
  readonly addresses: readonly string[];
  readonly records: readonly string[];
  readonly veths: number;
  /** Chains of host ports. */
  readonly hostPorts: number;
}

export const tracesOn = async (node: string): Promise<Traces> => ({
  netns: await linesOn(node, 'ls /run/netns'),
  addresses: await linesOn(node, 'cd /var/lib/kni/ipam && find . -type f -name "*.*.*.*" -printf "%f\\n"'),
  records: await recordsOn(node),
  // The node's own eth0 is one too: it is a container.
  veths: (await linesOn(node, "ip -o link show type veth | grep -v ': eth0@' || true")).length,
  hostPorts: (await linesOn(node, 'iptables-save -t nat | grep "^:CNI-DN-" || true')).length,
});

/** Keys of the runtime's records, as it tells them. */
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

/** What someone needs who reads only CI's output. */
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
