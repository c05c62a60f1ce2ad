/** One client, one large Service or one wrong resolver cannot harm the others. */
import {once} from 'node:events';
import {connect} from 'node:net';
import {afterEach, describe, expect, it} from 'vitest';
import {createAnswerer} from '../../dns/src/answer.ts';
import {createDirectory} from '../../dns/src/directory.ts';
import {endpointsResource, servicesResource} from '../../dns/src/objects.ts';
import {type DnsServer, listen} from '../../dns/src/server.ts';
import {createUpstream} from '../../dns/src/upstream.ts';
import {createLog} from '../../runtime/src/log.ts';
import {queryFor, replyOf, sendUdp} from '../rig/dns/client.ts';
import {clusterIp, endpoints, headless} from '../rig/dns/objects.ts';
import {startResolver} from '../rig/dns/resolver.ts';
import {startReadyDns} from '../rig/dns/server.ts';
import {until} from '../rig/wait.ts';

const log = createLog({write: () => undefined}, {level: 'error'});
const external = 'www.example.org';
const many = 'many.default.svc.cluster.local';

/** Answers in this process; names outside of the cluster get 100 ms later what a resolver would answer. */
const answererWith = (endpointCount: number) => {
  const directory = createDirectory();
  directory.replaceServices([headless('default/many', ['http', 80])].map(servicesResource.itemOf));
  const ready = Array.from({length: endpointCount}, (_, index) => ({
    ip: `10.1.${index >> 8}.${index & 255}`,
  }));
  directory.replaceEndpoints(
    [endpoints('default/many', {ready, ports: [['http', 80]]})].map(endpointsResource.itemOf),
  );
  const forward = async (packet: Buffer) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const response = Buffer.from(packet);
    response.writeUInt8(0x80, 2);
    return response;
  };
  const lookUp = () => Promise.reject(new Error('no aliases in this test'));
  const zone = {name: 'cluster.local', directory, dnsService: {namespace: 'kube-system', name: 'kube-dns'}};
  return createAnswerer({zone, upstream: {forward, lookUp}, log});
};

describe('a Service with 4000 endpoints', () => {
  it.each(['udp', 'tcp'] as const)('takes little processor time over %s', async (transport) => {
    const answer = answererWith(4_000);
    for (const [name, type] of [
      [`_http._tcp.${many}`, 'SRV'],
      [many, 'A'],
    ] as const) {
      const query = queryFor(name, type, {udpBytes: 1232});
      await answer(query, transport);
      const before = process.cpuUsage();
      const response = (await answer(query, transport)) ?? Buffer.alloc(0);
      const {user, system} = process.cpuUsage(before);
      // It was 7 s when the addresses of each SRV record were searched among all endpoints.
      expect((user + system) / 1000).toBeLessThan(500);
      const {answers, bytes} = replyOf(response, query);
      expect(answers.length).toBeGreaterThan(10);
      expect(bytes).toBeLessThanOrEqual(transport === 'udp' ? 1232 : 65_535);
    }
  });
});

describe('a TCP client', () => {
  let server: DnsServer | undefined;
  afterEach(() => server?.close());
  const framed = (query: Buffer): Buffer => Buffer.concat([Buffer.from([0, query.length]), query]);
  const connectTo = async (idleMs?: number) => {
    server = await listen({host: '127.0.0.1', port: 0}, answererWith(1), log, idleMs);
    const socket = connect({port: server.port, host: '127.0.0.1', allowHalfOpen: true});
    await once(socket, 'connect');
    return socket;
  };

  it('gets its responses after it has ended its side of the connection', async () => {
    const socket = await connectTo();
    const queries = [queryFor(external, 'A'), queryFor(many, 'A')];
    socket.end(Buffer.concat(queries.map(framed)));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(Buffer.from(chunk));
    const received = Buffer.concat(chunks);
    expect(received.readUInt16BE(2)).toBe(queries[0]?.readUInt16BE(0));
    expect(received.readUInt16BE(2 + received.readUInt16BE(0) + 2)).toBe(queries[1]?.readUInt16BE(0));
  });

  it('loses the connection if it sends a query byte by byte', async () => {
    const socket = await connectTo(500);
    socket.on('error', () => undefined);
    const begun = performance.now();
    const sending = setInterval(() => socket.write(Buffer.from([0])), 50);
    try {
      // The length of a query that takes 10 s.
      socket.write(Buffer.from([0, 200]));
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    } finally {
      clearInterval(sending);
      socket.destroy();
    }
    expect(performance.now() - begun).toBeGreaterThan(400);
  });

  it('keeps the connection while it sends whole queries', async () => {
    const socket = await connectTo(1_000);
    const query = queryFor(many, 'A');
    for (let count = 0; count < 5; count += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      socket.write(framed(query));
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      expect(chunk.readUInt16BE(2)).toBe(query.readUInt16BE(0));
    }
    socket.destroy();
  });
});

describe('the server', () => {
  it('sends no query to its own Service, which would come back', async () => {
    using own = await startResolver('127.53.0.6');
    await using dns = await startReadyDns({
      resolvers: ['127.53.0.6'],
      prepare: (api) => {
        api.setObjects('services', [clusterIp('kube-system/kube-dns', ['127.53.0.6'])]);
        api.setObjects('endpoints', []);
      },
    });
    expect(await dns.ask(external, 'A')).toMatchObject({rcode: 2});
    expect(own.asked).toEqual([]);
    await until('the warning', () =>
      dns.lines.some(({error}) => error === '127.53.0.6 is the Service of this DNS server'),
    );
  });

  it('asks a single resolver again if a packet is lost', async () => {
    using resolver = await startResolver('127.53.0.7');
    resolver.answers(external, [{type: 'A', name: external, ttl: 300, data: '192.0.2.1'}]);
    resolver.silence();
    await using dns = await startReadyDns({
      resolvers: ['127.53.0.7'],
      prepare: (api) => {
        for (const resource of ['services', 'endpoints'] as const) api.setObjects(resource, []);
      },
    });
    const reply = dns.ask(external, 'A');
    await until('the first attempt', () => resolver.asked.length === 1);
    resolver.silence(false);
    expect(await reply).toMatchObject({rcode: 0, answers: [`${external} 300 A 192.0.2.1`]});
    expect(resolver.asked).toHaveLength(2);
    const [first, second] = resolver.asked.map(({packet}) => packet.questions);
    expect(first).toEqual(second);
  });

  it('lets 500 queries wait for a resolver, and refuses more at once', async () => {
    using silent = await startResolver('127.53.0.8');
    silent.silence();
    const {forward} = createUpstream([{address: silent.address, port: 53}], log, () => false);
    const begun = performance.now();
    const refusedAt: number[] = [];
    const results = await Promise.allSettled(
      Array.from({length: 550}, (_, index) =>
        forward(queryFor(`${index}.example.org`, 'A'), 'udp').catch((error: unknown) => {
          if (String(error).includes('500 queries')) refusedAt.push(performance.now() - begun);
          throw error;
        }),
      ),
    );
    expect(results.filter(({status}) => status === 'fulfilled')).toEqual([]);
    expect(refusedAt).toHaveLength(50);
    expect(Math.max(...refusedAt)).toBeLessThan(1_500);
    // Nothing is left of them.
    silent.silence(false);
    expect(await forward(queryFor(external, 'A'), 'udp')).toHaveProperty('length');
  });

  it('repeats names with any bytes', async () => {
    await using dns = await startReadyDns({
      prepare: (api) => {
        for (const resource of ['services', 'endpoints'] as const) api.setObjects(resource, []);
      },
    });
    for (const bytes of ['é', 'a\n', 'a.b']) {
      const label = Buffer.from(bytes, 'latin1');
      const query = queryFor(`10-1-0-1.${'x'.repeat(label.length)}.pod.cluster.local`, 'A');
      label.copy(query, 12 + '.10-1-0-1.'.length);
      const response = (await sendUdp(dns.port, query)) ?? Buffer.alloc(0);
      expect(response.subarray(12, query.length)).toEqual(query.subarray(12));
      // A pointer to the question, type, class, TTL, length and address.
      expect(response.subarray(query.length).toString('hex')).toBe('c00c000100010000000500040a010001');
    }
  });
});
