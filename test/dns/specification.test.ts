/** Every statement of Kubernetes DNS-Based Service Discovery, schema version 1.1.0, section by section. */
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {alias, clusterIp, endpoints, headless, service} from '../rig/dns/objects.ts';
import {type Resolver, startResolver} from '../rig/dns/resolver.ts';
import {startReadyDns, type TestDns} from '../rig/dns/server.ts';

const zone = 'cluster.local';
const soa = `${zone} 5 SOA ns.dns.${zone} hostmaster.${zone} 5`;

const services = [
  clusterIp('default/kubernetes', ['10.3.0.1'], ['https', 443]),
  clusterIp('default/dual', ['10.3.0.9', 'fd00:10::9'], ['', 80], ['dns', 53, 'UDP'], ['dns-tcp', 53]),
  clusterIp('default/six', ['fd00:10::6'], ['http', 80]),
  clusterIp('default/sctp', ['10.3.0.8'], ['diameter', 3868, 'SCTP']),
  headless('default/headless', ['https', 443], ['', 80]),
  headless('default/empty', ['https', 443]),
  service('default/unready', {clusterIP: 'None', publishNotReadyAddresses: true}),
  service(
    'default/tolerated',
    {clusterIP: 'None'},
    {'service.alpha.kubernetes.io/tolerate-unready-endpoints': 'true'},
  ),
  alias('default/foo', 'www.example.com'),
  alias('default/near', `KUBERNETES.default.svc.${zone}.`),
  alias('default/nowhere', `absent.default.svc.${zone}`),
  alias('default/loop', `loop.default.svc.${zone}`),
  alias('default/long', `${'a'.repeat(64)}.example.com`),
];

const petSet = [
  {ip: '10.3.0.100', hostname: 'my-pet'},
  {ip: '10.3.0.101', hostname: 'my-pet-2'},
  {ip: '10.3.0.102', hostname: 'my-pet-2'},
  {ip: '10.3.0.103'},
  {ip: 'fd00:10:244::7'},
];
const sets = [
  endpoints('default/kubernetes', {ready: [{ip: '172.18.0.2'}], ports: [['https', 6443]]}),
  endpoints('default/headless', {
    ready: petSet,
    notReady: [{ip: '10.3.0.109', hostname: 'late'}],
    ports: [
      ['https', 443],
      ['', 80],
    ],
  }),
  endpoints('default/empty', {notReady: [{ip: '10.3.0.120'}], ports: [['https', 443]]}),
  endpoints('default/unready', {notReady: [{ip: '10.3.0.130', hostname: 'early'}]}),
  endpoints('default/tolerated', {notReady: [{ip: '10.3.0.131'}]}),
];

let resolver: Resolver;
let dns: TestDns;

beforeAll(async () => {
  resolver = await startResolver('127.53.0.1');
  resolver.answers('www.example.com', [
    {type: 'CNAME', name: 'www.example.com', ttl: 28_715, data: 'edge.example.com'},
    {type: 'A', name: 'edge.example.com', ttl: 28_715, data: '192.0.2.53'},
  ]);
  dns = await startReadyDns({
    resolvers: ['127.53.0.1'],
    prepare: (api) => {
      api.setObjects('services', services);
      api.setObjects('endpoints', sets);
    },
  });
});

afterAll(async () => {
  await dns[Symbol.asyncDispose]();
  resolver[Symbol.dispose]();
});

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  const records = async (name: string, type: string) => {
    const reply = await dns.ask(name, type, {transport});
    expect(reply).toMatchObject({rcode: 0, authorities: [], flags: {authoritative: true, available: true}});
    return reply.answers;
  };
  const ask = (name: string, type = 'A') => dns.ask(name, type, {transport});
  const nothing = {answers: [], authorities: [soa], flags: {authoritative: true}};
  /** The name exists without such records. */
  const noData = {rcode: 0, ...nothing};
  const noName = {rcode: 3, ...nothing};

  describe('2.2 the schema version', () => {
    const name = `dns-version.${zone}`;
    it('is a TXT record', async () => {
      expect(await records(name, 'TXT')).toEqual([`${name} 5 TXT 1.1.0`]);
      expect(await ask(name, 'A')).toMatchObject(noData);
      expect(await ask(`below.${name}`, 'TXT')).toMatchObject(noName);
    });
  });

  describe('2.3 a Service with ClusterIP', () => {
    const name = `kubernetes.default.svc.${zone}`;

    it('2.3.1 has an A or AAAA record for each ClusterIP', async () => {
      expect(await records(name, 'A')).toEqual([`${name} 5 A 10.3.0.1`]);
      const dual = `dual.default.svc.${zone}`;
      expect(await records(dual, 'A')).toEqual([`${dual} 5 A 10.3.0.9`]);
      expect(await records(dual, 'AAAA')).toEqual([`${dual} 5 AAAA fd00:10::9`]);
    });

    it('2.3.1 has no record of the other family, but exists', async () => {
      expect(await ask(name, 'AAAA')).toMatchObject(noData);
      expect(await ask(`six.default.svc.${zone}`, 'A')).toMatchObject(noData);
    });

    it('2.3.2 has an SRV record for each named port', async () => {
      const srv = (port: string, target: string, number: number) => [
        `${port}.${target}.default.svc.${zone} 5 SRV 0 100 ${number} ${target}.default.svc.${zone}`,
      ];
      const of = (port: string, target: string) => records(`${port}.${target}.default.svc.${zone}`, 'SRV');
      expect(await of('_https._tcp', 'kubernetes')).toEqual(srv('_https._tcp', 'kubernetes', 443));
      expect(await of('_dns._udp', 'dual')).toEqual(srv('_dns._udp', 'dual', 53));
      expect(await of('_dns-tcp._tcp', 'dual')).toEqual(srv('_dns-tcp._tcp', 'dual', 53));
      expect(await of('_diameter._sctp', 'sctp')).toEqual(srv('_diameter._sctp', 'sctp', 3868));
    });

    it('2.3.2 has the addresses of an SRV record in the additional section', async () => {
      const {additionals} = await dns.ask(`_dns._udp.dual.default.svc.${zone}`, 'SRV', {transport});
      const dual = `dual.default.svc.${zone}`;
      expect(additionals).toEqual([`${dual} 5 A 10.3.0.9`, `${dual} 5 AAAA fd00:10::9`]);
    });

    it.each([
      `_http._tcp.kubernetes.default.svc.${zone}`, // unknown port
      `_https._udp.kubernetes.default.svc.${zone}`, // other protocol
      `_._tcp.dual.default.svc.${zone}`, // port without a name
      `_udp.kubernetes.default.svc.${zone}`, // no port of this protocol
      `_more._https._tcp.kubernetes.default.svc.${zone}`,
      `https._tcp.kubernetes.default.svc.${zone}`,
    ])('2.3.2 has no SRV record %s', async (absent) =>
      expect(await ask(absent, 'SRV')).toMatchObject(noName),
    );

    it('2.3.2 has names between the Service and its ports, without records', async () =>
      expect(await ask(`_tcp.kubernetes.default.svc.${zone}`, 'SRV')).toMatchObject(noData));

    it('2.3.3 has a PTR record for each ClusterIP', async () => {
      expect(await records('1.0.3.10.in-addr.arpa', 'PTR')).toEqual([
        `1.0.3.10.in-addr.arpa 5 PTR kubernetes.default.svc.${zone}`,
      ]);
      const six = `6.${'0.'.repeat(23)}0.1.0.0.0.0.d.f.ip6.arpa`;
      expect(await records(six, 'PTR')).toEqual([`${six} 5 PTR six.default.svc.${zone}`]);
    });
  });

  describe('2.4 a headless Service', () => {
    const name = `headless.default.svc.${zone}`;

    it('2.4.1 has an A or AAAA record for each ready endpoint', async () => {
      expect(await records(name, 'A')).toEqual(
        ['10.3.0.100', '10.3.0.101', '10.3.0.102', '10.3.0.103'].map((ip) => `${name} 5 A ${ip}`),
      );
      expect(await records(name, 'AAAA')).toEqual([`${name} 5 AAAA fd00:10:244::7`]);
    });

    it('2.4.1 does not exist without ready endpoints', async () => {
      expect(await ask(`empty.default.svc.${zone}`)).toMatchObject(noName);
      expect(await ask(`_https._tcp.empty.default.svc.${zone}`, 'SRV')).toMatchObject(noName);
    });

    it('2.1 counts endpoints that are not ready if the Service has publishNotReadyAddresses', async () => {
      const unready = `unready.default.svc.${zone}`;
      expect(await records(unready, 'A')).toEqual([`${unready} 5 A 10.3.0.130`]);
      expect(await records(`early.${unready}`, 'A')).toEqual([`early.${unready} 5 A 10.3.0.130`]);
      const tolerated = `tolerated.default.svc.${zone}`;
      expect(await records(tolerated, 'A')).toEqual([`${tolerated} 5 A 10.3.0.131`]);
    });

    it('2.4.1 has an A record for each address of a host name', async () => {
      expect(await records(`my-pet.${name}`, 'A')).toEqual([`my-pet.${name} 5 A 10.3.0.100`]);
      expect(await records(`my-pet-2.${name}`, 'A')).toEqual([
        `my-pet-2.${name} 5 A 10.3.0.101`,
        `my-pet-2.${name} 5 A 10.3.0.102`,
      ]);
    });

    it('2.1 gives an endpoint without a host name its address as a name', async () => {
      expect(await records(`10-3-0-103.${name}`, 'A')).toEqual([`10-3-0-103.${name} 5 A 10.3.0.103`]);
      const six = `fd00-10-244--7.${name}`;
      expect(await records(six, 'AAAA')).toEqual([`${six} 5 AAAA fd00:10:244::7`]);
      expect(await ask(six, 'A')).toMatchObject(noData);
    });

    it.each([`late.${name}`, `absent.${name}`, `more.my-pet.${name}`])(
      '2.4.1 has no name %s',
      async (absent) => expect(await ask(absent)).toMatchObject(noName),
    );

    it('2.4.2 has an SRV record for each ready endpoint and named port', async () => {
      const port = `_https._tcp.${name}`;
      const targets = ['10-3-0-103', 'fd00-10-244--7', 'my-pet-2', 'my-pet'];
      expect(await records(port, 'SRV')).toEqual(
        targets.map((target) => `${port} 5 SRV 0 100 443 ${target}.${name}`),
      );
    });

    it('2.4.3 has a PTR record for each ready endpoint', async () => {
      const pointer = (ip: string) => `${ip.split('.').reverse().join('.')}.in-addr.arpa`;
      const targetOf = async (ip: string) =>
        (await records(pointer(ip), 'PTR')).map((line) => line.split(' ')[3]);
      expect(await targetOf('10.3.0.100')).toEqual([`my-pet.${name}`]);
      expect(await targetOf('10.3.0.102')).toEqual([`my-pet-2.${name}`]);
      expect(await targetOf('10.3.0.103')).toEqual([`10-3-0-103.${name}`]);
    });
  });

  describe('2.5 a Service with an external name', () => {
    const name = `foo.default.svc.${zone}`;

    it('is an alias of it, with the records of the other name', async () => {
      expect(await records(name, 'CNAME')).toEqual([`${name} 5 CNAME www.example.com`]);
      expect(await records(name, 'A')).toEqual([
        'edge.example.com 28715 A 192.0.2.53',
        `${name} 5 CNAME www.example.com`,
        'www.example.com 28715 CNAME edge.example.com',
      ]);
    });

    it('is an alias of another Service, in any case and with a dot at the end', async () => {
      const near = `near.default.svc.${zone}`;
      expect(await records(near, 'A')).toEqual([
        `kubernetes.default.svc.${zone} 5 A 10.3.0.1`,
        `${near} 5 CNAME kubernetes.default.svc.${zone}`,
      ]);
    });

    it('is an alias of a name that does not exist', async () => {
      const nowhere = `nowhere.default.svc.${zone}`;
      expect(await dns.ask(nowhere, 'A', {transport})).toMatchObject({
        rcode: 3,
        answers: [`${nowhere} 5 CNAME absent.default.svc.${zone}`],
        authorities: [soa],
      });
    });

    it('fails if it is an alias of itself', async () => {
      expect(await dns.ask(`loop.default.svc.${zone}`, 'A', {transport})).toMatchObject({rcode: 2});
    });

    it('does not exist if the name is too long for DNS', async () =>
      expect(await ask(`long.default.svc.${zone}`)).toMatchObject(noName));
    it('has no names below', async () => expect(await ask(`below.${name}`)).toMatchObject(noName));
  });

  describe('2.6 pods', () => {
    it('have names of their addresses, in every namespace', async () => {
      const four = `10-244-1-5.any.pod.${zone}`;
      expect(await records(four, 'A')).toEqual([`${four} 5 A 10.244.1.5`]);
      expect(await ask(four, 'AAAA')).toMatchObject(noData);
      const six = `fd00-10-244--5.any.pod.${zone}`;
      expect(await records(six, 'AAAA')).toEqual([`${six} 5 AAAA fd00:10:244::5`]);
    });

    it.each(['10-244-1-256', '10-244-1', 'web', '10.244.1.5', 'more.10-244-1-5'])(
      'have no name %s',
      async (pod) => expect(await ask(`${pod}.any.pod.${zone}`)).toMatchObject(noName),
    );
  });

  describe('names without records', () => {
    it.each([`svc.${zone}`, `default.svc.${zone}`, `pod.${zone}`, `default.pod.${zone}`, `dns.${zone}`])(
      '%s exists',
      async (name) => expect(await ask(name, 'A')).toMatchObject(noData),
    );
    it.each([`absent.${zone}`, `absent.svc.${zone}`, `absent.default.svc.${zone}`, `a.b.c.d.e.svc.${zone}`])(
      '%s does not exist',
      async (name) => expect(await ask(name)).toMatchObject(noName),
    );
    it('exist for types that are unknown or have no records', async () => {
      expect(await ask(`kubernetes.default.svc.${zone}`, 'MX')).toMatchObject(noData);
      expect(await ask(`kubernetes.default.svc.${zone}`, 'UNKNOWN_65')).toMatchObject(noData);
    });
  });

  it('2.3.3 has only PTR records of an address, but the name exists', async () => {
    const name = '1.0.3.10.in-addr.arpa';
    expect(await ask(name, 'A')).toMatchObject({...noData, authorities: [soa.replace(zone, name)]});
  });

  it('compares names without case, and repeats the question as it was asked', async () => {
    const reply = await dns.ask(`KuberneteS.DEFAULT.svc.Cluster.LOCAL`, 'A', {transport});
    expect(reply.packet.questions).toMatchObject([{name: 'KuberneteS.DEFAULT.svc.Cluster.LOCAL'}]);
    expect(reply.packet.answers).toMatchObject([
      {name: 'KuberneteS.DEFAULT.svc.Cluster.LOCAL', type: 'A', data: '10.3.0.1'},
    ]);
  });

  it('has the zone itself', async () => {
    expect(await records(zone, 'SOA')).toEqual([soa]);
    expect(await records(zone, 'NS')).toEqual([`${zone} 5 NS ns.dns.${zone}`]);
  });
});
