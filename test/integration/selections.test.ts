import {readdir} from 'node:fs/promises';
import {isIP} from 'node:net';
import {afterEach, beforeAll, describe, expect, it} from 'vitest';
import {readRecords} from '../../runtime/src/network/record-store.ts';
import {startNodeWithRuntime} from '../rig/node/fixture.ts';
import {becomesEmpty, leftovers} from '../rig/node/leftovers.ts';
import type {TestNode} from '../rig/node/node.ts';
import {attach, createNetwork, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, podCidr, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';

const annotation = 'k8s.v1.cni.cncf.io/networks';
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const FAILED_PRECONDITION = 9;

/** A bridge that declares all capabilities, as some do, and portmap, which binds ports of the node. */
const network = (name: string, subnet: string) => ({
  cniVersion: '1.0.0',
  name,
  plugins: [
    {
      type: 'bridge',
      bridge: `br-${name}`,
      capabilities: {ips: true, mac: true, bandwidth: true},
      ipam: {type: 'host-local', dataDir: `${paths.state}/ipam`, ranges: [[{subnet}]]},
    },
    {type: 'portmap', capabilities: {portMappings: true}},
  ],
});

/** Takes addresses of the node's own network, by its name and directory, onto another bridge. */
const hidden = {
  cniVersion: '1.0.0',
  name: 'kni',
  type: 'bridge',
  bridge: 'br-hidden',
  ipam: {type: 'host-local', dataDir: `${paths.state}/ipam`, ranges: [[{subnet: podCidr}]]},
};

const bridgeWith = (name: string, more: object) =>
  JSON.stringify({cniVersion: '1.0.0', name, type: 'bridge', bridge: `br-${name}`, ...more});
const hostLocal = (more: object) => ({
  ipam: {type: 'host-local', ranges: [[{subnet: '10.83.0.0/24'}]], ...more},
});

const definitions = [
  // The number is one that JSON.parse would change.
  {
    namespace: 'default',
    name: 'plain',
    config: bridgeWith('plain', hostLocal({})).replace('{', '{"kept":12345678901234567890,'),
  },
  {
    namespace: 'default',
    name: 'elsewhere',
    config: bridgeWith('elsewhere', hostLocal({dataDir: '/run/elsewhere'})),
  },
  {namespace: 'default', name: 'ours', config: bridgeWith('ours', {bridge: 'kni0', ...hostLocal({})})},
  {namespace: 'default', name: 'under', config: bridgeWith('under', {type: 'macvlan', master: 'kni0'})},
  {
    namespace: 'default',
    name: 'taken',
    config: bridgeWith('taken', {type: 'host-device', device: 'kni.vxlan'}),
  },
  {namespace: 'default', name: 'kni', config: ''},
  {namespace: 'other', name: 'video', config: JSON.stringify(network('video', '10.82.0.0/24'))},
  {namespace: 'other', name: 'kni', config: ''},
  {namespace: 'default', name: 'hidden', config: JSON.stringify(hidden)},
  {namespace: 'default', name: 'storage', config: JSON.stringify(network('storage', '10.80.0.0/24'))},
];

describe('a pod that selects forbidden networks', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithRuntime([], {[paths.definitions]: definitions});
    ({node, runtime} = started);
    return started.stop;
  });
  afterEach(() => becomesEmpty(node));

  const restart = async (...flags: string[]) => {
    await runtime.stop('SIGTERM');
    runtime = await startRuntime(node, flags);
  };

  const leases = async (): Promise<string[]> => {
    const files = await readdir(node.path(`${paths.state}/ipam`), {recursive: true}).catch(() => []);
    return files.filter((file) => isIP(file.split('/').at(-1) ?? '') !== 0);
  };

  /** How an attach ends, and what it leaves besides the netns, which the kubelet deletes. */
  const outcomeOf = async (networks: unknown) => {
    const pod = newPod('picky');
    const netns = await createNetwork(runtime.kni, pod);
    const annotations = {[annotation]: typeof networks === 'string' ? networks : JSON.stringify(networks)};
    const answer: object = await attach(runtime.kni, pod, netns, {annotations}).catch(
      (error: object) => error,
    );
    const {veths, hostPorts} = await leftovers(node);
    const links = (await node.inPod(netns, ['ip', '-oneline', 'link'])).trim().split('\n').length;
    const left = {leases: await leases(), veths, hostPorts, links};
    await takeDown(runtime.kni, pod, netns);
    return {answer, left};
  };

  const refused = (code: number, details: string) => ({
    answer: {code, details: expect.stringContaining(details) as string},
    left: {leases: [], veths: [], hostPorts: [], links: 1},
  });

  it.each([
    [{ips: ['fe80::1%eth0']}, 'ips[0] must be an IP address without a zone'],
    [{mac: '02:00'}, 'mac must be six octets'],
    [{bandwidth: {ingressRate: 1000}}, 'ingressRate and ingressBurst must be given together'],
    [{bandwidth: '10M'}, 'bandwidth must be an object'],
    [{portMappings: ['x']}, 'portMappings[0] must be an object'],
    [{portMappings: {}}, 'portMappings must be a list'],
  ])('is refused with the capability argument %j before a plugin runs', async (wish, details) => {
    expect(await outcomeOf([{name: 'storage', ...wish}])).toMatchObject(refused(INVALID_ARGUMENT, details));
  });

  it('is refused a port of the node, here that of kube-proxy, unless the administrator allows it', async () => {
    const portMappings = [{hostPort: 10_256, containerPort: 80, protocol: 'tcp'}];
    const networks = [{name: 'storage', portMappings}];
    const why = 'requests portMappings on network storage: use hostPort in the pod spec';
    expect(await outcomeOf(networks)).toMatchObject(refused(PERMISSION_DENIED, why));

    await restart('--allow-port-mappings');
    const {answer, left} = await outcomeOf(networks);
    expect(answer).toMatchObject({net1: {ip: [expect.stringMatching(/^10\.80\./)]}});
    expect(left.hostPorts.join('\n')).toContain('--dports 10256');
    await restart();
  });

  it.each(['kni', 'kni,kni,kni', 'storage,kni', 'default/kni', 'hidden'])(
    "is refused more addresses of the node's pool by %s",
    async (networks) => {
      const why = "pods cannot select kni: it is the node's own network";
      expect(await outcomeOf(networks)).toMatchObject(refused(PERMISSION_DENIED, why));
    },
  );

  it("gets more addresses of the node's pool if the administrator allows it", async () => {
    await restart('--selectable-primary');
    const {answer, left} = await outcomeOf('kni,hidden');
    expect(Object.keys(answer)).toEqual(['eth0', 'net1', 'net2']);
    expect(left.leases).toHaveLength(3);
    await restart();
  });

  it.each(['other/video', 'other/missing', 'other/kni', 'storage,other/video'])(
    'is refused %s, which is of another namespace',
    async (networks) => {
      const why = 'namespace other does not share its networks';
      expect(await outcomeOf(networks)).toMatchObject(refused(PERMISSION_DENIED, why));
    },
  );

  it.each(['other', 'first,other', '*'])(
    'gets the network of another namespace that the administrator shares: %s',
    async (shared) => {
      await restart(`--shared-namespaces=${shared}`);
      const {answer} = await outcomeOf('default/storage,other/video');
      expect(answer).toMatchObject({net2: {ip: [expect.stringMatching(/^10\.82\./)]}});
      await restart();
    },
  );

  it('is refused the network of a namespace that is not among the shared ones', async () => {
    await restart('--shared-namespaces=default,kube-system');
    const why = 'namespace other does not share its networks';
    expect(await outcomeOf('other/video')).toMatchObject(refused(PERMISSION_DENIED, why));
    await restart();
  });

  it.each([
    ['elsewhere', 'NetworkAttachmentDefinition elsewhere has host-local leases in "/run/elsewhere"'],
    ['ours', "NetworkAttachmentDefinition ours uses kni0, which belongs to the node's own network"],
    ['under', "NetworkAttachmentDefinition under uses kni0, which belongs to the node's own network"],
    ['taken', "NetworkAttachmentDefinition taken uses kni.vxlan, which belongs to the node's own network"],
  ])('is refused the definition %s', async (networks, why) => {
    expect(await outcomeOf(networks)).toMatchObject(refused(FAILED_PRECONDITION, why));
    expect(await readdir(node.path('/run/elsewhere')).catch(() => 'missing')).toBe('missing');
  });

  it('has its leases in the directory of the node, also at DEL, if the definition names none', async () => {
    const pod = newPod('leased');
    const netns = await createNetwork(runtime.kni, pod);
    const ipconfigs = await attach(runtime.kni, pod, netns, {annotations: {[annotation]: 'plain'}});
    expect(await leases()).toContain(`plain/${ipconfigs['net1']?.ip[0]}`);
    const [record] = await readRecords(node.path(paths.records));
    const config = record?.attachments[1]?.config;
    expect(config).toContain(`"dataDir":"${paths.state}/ipam"`);
    expect(config).toContain('"kept":12345678901234567890');

    await restart();
    await takeDown(runtime.kni, pod, netns);
    expect(await leases()).toEqual([]);
  });
});
