/** Pods on both nodes resolve names of Services through kube-proxy, also while a replica of the DNS server is killed. */
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {apply, controlPlane, kubectl, value, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {podIp, podReady, removePods, samplePod} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

const zone = 'default.svc.cluster.local';
const pods = {'names-0': controlPlane, 'names-1': worker} as const;
const names = Object.keys(pods);
const services = ['names-web', 'names-headless', 'names-alias'];

/** Serves its own name. Both Services select it; the headless one gives it a host name. */
const webPod = (name: string, node: string) => {
  const pod = samplePod(name, {
    spec: {
      nodeName: node,
      tolerations: [{operator: 'Exists'}],
      hostname: name,
      subdomain: 'names-headless',
      container: {
        command: [
          '/bin/ash',
          '-c',
          'mkdir /www && hostname >/www/index.html && exec httpd -f -p 8080 -h /www',
        ],
      },
    },
  });
  return {...pod, metadata: {...pod.metadata, labels: {app: 'names'}}};
};

const service = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {name},
  spec,
});
const ports = [{name: 'http', port: 80, targetPort: 8080}];
const selector = {app: 'names'};

const inPod = (pod: string, ...command: readonly string[]): Promise<string> =>
  kubectl('exec', pod, '--', ...command);

/** The addresses that nslookup prints after those of the server. */
const lookUp = async (pod: string, name: string): Promise<readonly string[]> => {
  const printed = await inPod(pod, 'nslookup', '-type=a', name);
  return [...printed.matchAll(/^Address(?: \d+)?: ([\d.]+)$/gm)].map(([, ip = '']) => ip).sort();
};

useCluster();

beforeAll(async () => {
  await apply({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      service('names-web', {selector, ports}),
      service('names-headless', {selector, ports, clusterIP: 'None'}),
      service('names-alias', {type: 'ExternalName', externalName: `names-web.${zone}`}),
      ...Object.entries(pods).map(([name, node]) => webPod(name, node)),
    ],
  });
  for (const name of names) await podReady(name);
});

afterAll(async () => {
  await kubectl('delete', 'services', ...services, '--ignore-not-found');
  await removePods(...names);
});

const dnsPods = async (): Promise<readonly string[]> =>
  (await kubectl('-n', 'kube-system', 'get', 'pods', '-l', 'app.kubernetes.io/name=kni-dns', '-o', 'name'))
    .split('\n')
    .filter(Boolean);

const bothReady = () =>
  until(
    'both replicas to be ready',
    async () => (await value('.status.readyReplicas', '-n', 'kube-system', 'deployment', 'kni-dns')) === '2',
  );

describe('the DNS server', () => {
  it('replaces CoreDNS with two replicas that have no privileges', async () => {
    await bothReady();
    expect(await value('.metadata.name', '-n', 'kube-system', 'deployment', 'coredns')).toBe('');
    const [pod = ''] = await dnsPods();
    const script =
      'const {readFileSync} = require("fs"); console.log(process.getuid(), /CapEff:\\s*(\\S+)/.exec(readFileSync("/proc/1/status", "utf8"))[1])';
    const printed = await kubectl('-n', 'kube-system', 'exec', pod, '--', 'node', '-e', script);
    expect(printed.trim()).toBe('65532 0000000000000000');
  });
});

describe.each(names)('%s', (pod) => {
  it('reaches pods on both nodes by the name of their Service', async () => {
    const ip = await value('.spec.clusterIP', 'service', 'names-web');
    expect(await lookUp(pod, `names-web.${zone}`)).toEqual([ip]);
    const answered = new Set<string>();
    await until('both pods to answer', async () => {
      answered.add((await inPod(pod, 'wget', '-q', '-T', '5', '-O', '-', 'http://names-web/')).trim());
      return answered.size === names.length;
    });
    expect([...answered].sort()).toEqual(names);
  });

  it('finds the pods of a headless Service, all and each by its host name', async () => {
    const ips = await Promise.all(names.map(podIp));
    expect(await lookUp(pod, `names-headless.${zone}`)).toEqual(ips.toSorted());
    for (const [index, name] of names.entries())
      expect(await lookUp(pod, `${name}.names-headless.${zone}`)).toEqual([ips[index]]);
  });

  it('finds the port and the alias of a Service, and the name of an address', async () => {
    const ip = await value('.spec.clusterIP', 'service', 'names-web');
    expect(await inPod(pod, 'nslookup', '-type=srv', `_http._tcp.names-web.${zone}`)).toMatch(
      /service = 0 100 80 names-web\.default\.svc\.cluster\.local/,
    );
    expect(await lookUp(pod, `names-alias.${zone}`)).toEqual([ip]);
    expect(await inPod(pod, 'nslookup', ip)).toContain(`name = names-web.${zone}`);
  });

  it("finds what the node's resolver knows: docker knows the nodes", async () => {
    const nodeIp = await value('.status.hostIP', 'pod', 'names-1');
    expect(await lookUp(pod, `${worker}.`)).toEqual([nodeIp]);
  });
});

it('names resolve on both nodes while a replica is killed', async () => {
  await bothReady();
  const ip = await value('.spec.clusterIP', 'service', 'names-web');
  // A query to the killed replica gets no answer. A client asks again, and kube-proxy sends that to the other replica.
  const script = `i=0; while [ $i -lt 60 ]; do nslookup -type=a names-web.${zone} | grep -q 'Address: ${ip}$' && echo ok || echo failed; sleep 0.2; i=$((i+1)); done`;
  const asking = names.map((pod) => inPod(pod, '/bin/ash', '-c', script));
  const [killed = ''] = await dnsPods();
  await kubectl('-n', 'kube-system', 'delete', killed, '--grace-period=0', '--force');
  for (const printed of await Promise.all(asking)) {
    const results = printed.trim().split('\n');
    expect(results).toHaveLength(60);
    expect(results.filter((line) => line !== 'ok')).toEqual([]);
  }
  await bothReady();
});
