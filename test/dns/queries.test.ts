/** How the DNS server treats queries of any kind, changes of the cluster, and names outside of it. */
import {array, assert, asyncProperty, nat, oneof, property, tuple, uint8Array} from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parseQuery} from '../../dns/src/wire.ts';
import {queryFor, replyOf, sendTcp, sendUdp} from '../rig/dns/client.ts';
import {alias, clusterIp, endpoints, headless} from '../rig/dns/objects.ts';
import {startResolver} from '../rig/dns/resolver.ts';
import {startDns, startReadyDns, type TestDnsOptions} from '../rig/dns/server.ts';
import {output} from '../rig/processes.ts';
import {until} from '../rig/wait.ts';

const web = 'web.default.svc.cluster.local';
const many = 'many.default.svc.cluster.local';
const address = (index: number) => ({ip: `10.1.${index >> 8}.${index & 255}`});
const filled: TestDnsOptions = {
  prepare: (api) => {
    api.setObjects('services', [
      clusterIp('default/web', ['10.96.0.7'], ['http', 80]),
      headless('default/many', ['http', 80]),
      clusterIp('kube-system/kube-dns', ['10.96.0.10']),
    ]);
    api.setObjects('endpoints', [
      endpoints('default/many', {
        ready: Array.from({length: 300}, (_, index) => address(index)),
        ports: [['http', 80]],
      }),
    ]);
  },
};

/** Header, one question, and what a test changes. */
const packet = (change: (bytes: Buffer) => void, name = web): Buffer => {
  const bytes = Buffer.from(queryFor(name, 'A'));
  change(bytes);
  return bytes;
};

describe('a query', () => {
  it('is answered in a packet that the client can receive', async () => {
    await using dns = await startReadyDns(filled);
    const small = await dns.ask(many, 'A');
    expect(small).toMatchObject({rcode: 0, flags: {truncated: true}});
    expect(small.bytes).toBeLessThanOrEqual(512);
    // Names are compressed: 16 bytes for each record.
    expect(small.answers).toHaveLength(Math.floor((512 - 12 - many.length - 6) / 16));

    const large = await dns.ask(many, 'A', {udpBytes: 4096});
    expect(large.flags.truncated).toBe(true);
    expect(large.bytes).toBeGreaterThan(1100);
    expect(large.bytes).toBeLessThanOrEqual(1232);
    expect((await dns.ask(many, 'A', {udpBytes: 100})).bytes).toBeGreaterThan(400);

    const whole = await dns.ask(many, 'A', {transport: 'tcp'});
    expect(whole).toMatchObject({rcode: 0, flags: {truncated: false}});
    expect(whole.answers).toHaveLength(300);
    // Additional records are left out without the TC bit.
    const srv = await dns.ask(`_http._tcp.${many}`, 'SRV', {transport: 'tcp'});
    expect([srv.answers.length, srv.flags.truncated]).toEqual([300, false]);
  });

  it('gets the addresses in another order each time', async () => {
    await using dns = await startReadyDns(filled);
    const firsts = new Set<string>();
    for (let count = 0; count < 20; count += 1) {
      const {packet: reply} = await dns.ask(many, 'A', {transport: 'tcp'});
      const [first] = reply.answers ?? [];
      if (first?.type === 'A') firsts.add(first.data);
    }
    expect(firsts.size).toBeGreaterThan(5);
  });

  it('of another version of EDNS, class or operation is refused', async () => {
    await using dns = await startReadyDns(filled);
    expect(await dns.ask(web, 'A', {udpBytes: 1232, ednsVersion: 1})).toMatchObject({rcode: 16});
    const rcodeOf = async (bytes: Buffer) => replyOf((await sendUdp(dns.port, bytes)) ?? bytes, bytes).rcode;
    expect(await rcodeOf(packet((bytes) => bytes.writeUInt16BE(3, bytes.length - 2)))).toBe(5); // class CH
    expect(await rcodeOf(packet((bytes) => bytes.writeUInt16BE(252, bytes.length - 4)))).toBe(5); // AXFR
    expect(await rcodeOf(packet((bytes) => bytes.writeUInt8(5 << 3, 2)))).toBe(4); // UPDATE
    expect(await rcodeOf(packet((bytes) => bytes.writeUInt16BE(2, 4)))).toBe(1); // two questions
    expect(await rcodeOf(packet((bytes) => bytes.writeUInt8(0xc0, 12)))).toBe(1); // a compressed name
    expect(await rcodeOf(packet((bytes) => bytes.writeUInt16BE(1, 10)))).toBe(1); // a record is missing
    expect(
      await sendUdp(
        dns.port,
        packet((bytes) => bytes.writeUInt8(0x80, 2)),
        300,
      ),
    ).toBeUndefined(); // a response
  });

  it('may follow others on one TCP connection', async () => {
    await using dns = await startReadyDns(filled);
    const queries = [web, many, 'absent.cluster.local'].map((name) => queryFor(name, 'A'));
    const responses = await sendTcp(dns.port, ...queries);
    expect(responses.map((response, index) => replyOf(response, queries[index] ?? response).rcode)).toEqual([
      0, 0, 3,
    ]);
  });

  it('of random bytes never ends the server', async () => {
    await using dns = await startReadyDns(filled);
    const bytes = oneof(
      uint8Array({maxLength: 600}),
      // A real query with some other bytes, which gets further.
      array(tuple(nat(59), nat(255)), {maxLength: 6}).map((changes) =>
        packet((sent) => {
          for (const [at, byte] of changes) if (at < sent.length) sent[at] = byte;
        }),
      ),
    );
    await assert(
      asyncProperty(bytes, async (sent) => {
        await sendUdp(dns.port, Buffer.from(sent), 1);
        if (sent.length > 0) await sendTcp(dns.port, Buffer.from(sent)).catch(() => []);
        expect(dns.child.exitCode).toBeNull();
      }),
      {numRuns: 200},
    );
    expect(await dns.ask(web, 'A')).toMatchObject({rcode: 0, answers: [`${web} 5 A 10.96.0.7`]});
    expect(dns.lines.filter(({level}) => level === 'error')).toEqual([]);
  });

  it('is parsed or refused, whatever its bytes are', () => {
    assert(
      property(uint8Array({maxLength: 600}), (bytes) => {
        expect(parseQuery(Buffer.from(bytes)).kind).toMatch(/^(query|ignored|refused)$/);
      }),
      {numRuns: 20_000},
    );
  });
});

describe('the cluster', () => {
  it('is followed: names come, change and go', async () => {
    await using dns = await startReadyDns(filled);
    const answers = async (name: string, wanted: readonly string[]) =>
      dns.askUntil(
        name,
        'A',
        (reply) => reply.answers.join() === wanted.map((ip) => `${name} 5 A ${ip}`).join(),
      );
    const pointer = '8.0.96.10.in-addr.arpa';
    await dns.api.watched('services');
    dns.api.setObjects('services', [clusterIp('default/web', ['10.96.0.8'])]);
    await answers(web, ['10.96.0.8']);
    expect((await dns.ask(pointer, 'PTR')).answers).toEqual([`${pointer} 5 PTR ${web}`]);
    dns.api.setObjects('services', [headless('default/web')]);
    await dns.api.watched('endpoints');
    dns.api.setObjects('endpoints', [endpoints('default/web', {ready: [{ip: '10.1.0.1'}]})]);
    await answers(web, ['10.1.0.1']);
    dns.api.setObjects('services', []);
    await dns.askUntil(web, 'A', ({rcode}) => rcode === 3);
  });

  it('is unknown at first: the server is not ready and answers no names of it', async () => {
    await using dns = await startDns({prepare: (api) => api.setObjects('services', [])});
    expect([await dns.health('/healthz'), await dns.health('/readyz'), await dns.health('/x')]).toEqual([
      200, 503, 404,
    ]);
    expect(await dns.ask(web, 'A')).toMatchObject({rcode: 2});
    expect(await dns.ask('1.0.96.10.in-addr.arpa', 'PTR')).toMatchObject({rcode: 2});
    dns.api.setObjects('endpoints', []);
    await until('it to be ready', async () => (await dns.health('/readyz')) === 200);
    expect(await dns.ask(web, 'A')).toMatchObject({rcode: 3});
  });

  it('is remembered while the API server is down', async () => {
    await using dns = await startReadyDns(filled);
    await dns.api.close();
    await until('the end of the watch to be logged', () =>
      dns.lines.some(({msg}) => msg === 'cannot watch the Services'),
    );
    expect(await dns.health('/readyz')).toBe(200);
    expect(await dns.ask(web, 'A')).toMatchObject({rcode: 0, answers: [`${web} 5 A 10.96.0.7`]});
  });

  it('has the address of its name server', async () => {
    await using dns = await startReadyDns(filled);
    const name = 'ns.dns.cluster.local';
    expect((await dns.ask(name, 'A')).answers).toEqual([`${name} 5 A 10.96.0.10`]);
  });
});

describe('other names', () => {
  const external = 'www.example.org';
  const record = {type: 'A', name: external, ttl: 300, data: '192.0.2.1'} as const;

  it.each(['udp', 'tcp'] as const)('are asked of the resolvers of the node over %s', async (transport) => {
    using resolver = await startResolver('127.53.0.2');
    resolver.answers(external, [record]);
    await using dns = await startReadyDns({...filled, resolvers: ['127.53.0.2']});
    expect(await dns.ask(external, 'A', {transport})).toMatchObject({
      rcode: 0,
      answers: [`${external} 300 A 192.0.2.1`],
      flags: {authoritative: false, available: true},
    });
    expect(await dns.ask('absent.example.org', 'A', {transport})).toMatchObject({rcode: 3});
    // An address that belongs to no Service.
    expect(await dns.ask('1.2.0.192.in-addr.arpa', 'PTR', {transport})).toMatchObject({rcode: 3});
    expect(resolver.asked.map((each) => each.transport)).toEqual([transport, transport, transport]);
  });

  it('are asked of the next resolver if one does not answer', async () => {
    using silent = await startResolver('127.53.0.3');
    using resolver = await startResolver('127.53.0.4');
    silent.silence();
    resolver.answers(external, [record]);
    // Nobody listens at the first address.
    await using dns = await startReadyDns({
      ...filled,
      resolvers: ['127.53.0.99', '127.53.0.3', '127.53.0.4'],
    });
    expect(await dns.ask(external, 'A')).toMatchObject({rcode: 0});
    expect(await dns.ask(external, 'A')).toMatchObject({rcode: 0});
    // The resolver that answered is asked first.
    expect([silent.asked.length, resolver.asked.length]).toEqual([1, 2]);
  });

  it('fail if no resolver answers, and the log says why', async () => {
    await using dns = await startReadyDns({...filled, resolvers: ['127.53.0.99']});
    expect(await dns.ask(external, 'A')).toMatchObject({rcode: 2});
    expect(await dns.ask(external, 'A')).toMatchObject({rcode: 2});
    const warnings = () => dns.lines.filter(({level}) => level === 'warn');
    await until('the warning', () => warnings().length > 0);
    expect(warnings()).toMatchObject([
      {
        msg: 'cannot forward queries to the resolvers of the node',
        error: expect.stringMatching(/127\.53\.0\.99|ECONNREFUSED/),
      },
    ]);
    await using lonely = await startReadyDns(filled);
    expect(await lonely.ask(external, 'A')).toMatchObject({rcode: 2});
  });

  it('of aliases are asked again over TCP if the response is truncated', async () => {
    using resolver = await startResolver('127.53.0.5');
    resolver.answers(external, [record]);
    resolver.truncate();
    await using dns = await startReadyDns({
      resolvers: ['127.53.0.5'],
      prepare: (api) => {
        api.setObjects('services', [alias('default/other', external)]);
        api.setObjects('endpoints', []);
      },
    });
    const name = 'other.default.svc.cluster.local';
    expect((await dns.ask(name, 'A')).answers).toEqual([
      `${name} 5 CNAME ${external}`,
      `${external} 300 A 192.0.2.1`,
    ]);
    expect(resolver.asked.map((each) => each.transport)).toEqual(['udp', 'tcp']);
    resolver.silence();
    expect(await dns.ask(name, 'A')).toMatchObject({rcode: 2});
    expect(await dns.ask(name, 'CNAME')).toMatchObject({rcode: 0});
  });
});

describe('the program', () => {
  it('answers for a while after SIGTERM, and is not ready then', async () => {
    await using dns = await startReadyDns({...filled, flags: ['--stop-delay', '2']});
    dns.child.kill('SIGTERM');
    await until('it to be not ready', async () => (await dns.health('/readyz')) === 503);
    expect(await dns.ask(web, 'A')).toMatchObject({rcode: 0});
    await until('it to end', () => dns.child.exitCode !== null);
    expect(dns.child.exitCode).toBe(0);
    expect(dns.lines.at(-1)).toMatchObject({msg: 'stopped'});
  });

  it('shows its flags, and refuses others', async () => {
    await using dns = await startDns(filled);
    const program = dns.dir.join('kni-dns.cjs');
    expect(await output(process.execPath, [program, '--help'])).toMatch(/^Usage: kni-dns \[flags\]/);
    const refused = (...args: string[]) => output(process.execPath, [program, ...args]);
    await expect(refused('--listen', 'here')).rejects.toThrow(
      "ended with 2: kni-dns: --listen must be IP:PORT, not 'here'",
    );
    await expect(refused('--zone', 'a..b')).rejects.toThrow('--zone must be a domain');
    await expect(refused('--service', 'kube-dns')).rejects.toThrow('--service must be NAMESPACE/NAME');
    await expect(refused('--stop-delay', '-1')).rejects.toThrow(/ended with 2/);
    await expect(refused('--log-level', 'loud')).rejects.toThrow('--log-level must be one of');
    await expect(refused('--absent')).rejects.toThrow("ended with 2: kni-dns: Unknown option '--absent'");
  });
});
