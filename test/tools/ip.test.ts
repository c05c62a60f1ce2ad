import {describe, expect, it} from 'vitest';
import {quoteCommand} from '../../src/host/quote.ts';
import {nodeLinks, parseLinks, parseRoutes, podAddresses, podRoutes, podRoutes6} from '../../src/tools/ip.ts';

describe('the commands of ip', () => {
  it.each([
    [podAddresses('/run/netns/a'), 'nsenter --net=/run/netns/a ip -json address'],
    [podRoutes('/run/netns/a'), 'nsenter --net=/run/netns/a ip -json -4 route'],
    [podRoutes6('/run/netns/a'), 'nsenter --net=/run/netns/a ip -json -6 route'],
    [nodeLinks, 'ip -json link'],
  ])('%j', (command, line) => {
    expect(quoteCommand(command)).toBe(line);
  });
});

describe('parseLinks', () => {
  const eth0 = {ifindex: 2, link_index: 3, ifname: 'eth0', mtu: 1500, operstate: 'UP', address: 'aa:bb'};

  it("reads a veth, without addresses that are the link's own", () => {
    const addresses = [
      {family: 'inet', local: '10.244.1.2', prefixlen: 24, scope: 'global'},
      {family: 'inet6', local: 'fd00::2', prefixlen: 64, scope: 'global'},
      {family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link'},
      {family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host'},
    ];
    expect(parseLinks(JSON.stringify([{...eth0, master: 'kni0', addr_info: addresses}]))).toEqual([
      {
        index: 2,
        peerIndex: 3,
        name: 'eth0',
        mac: 'aa:bb',
        mtu: 1500,
        state: 'UP',
        master: 'kni0',
        addresses: ['10.244.1.2/24', 'fd00::2/64'],
      },
    ]);
  });

  it('takes what a link need not have, and nothing', () => {
    const tunnel = {ifindex: 4, ifname: 'tunl0', mtu: 1480};
    expect(parseLinks(JSON.stringify([tunnel]))).toMatchObject([{state: 'UNKNOWN', addresses: []}]);
    expect(parseLinks('')).toEqual([]);
  });

  it('does not believe another shape', () => {
    expect(() => parseLinks('{}')).toThrow(/^cannot read the interfaces in the output of ip: .*$/);
  });
});

describe('parseRoutes', () => {
  const printed = (...routes: readonly object[]): string => JSON.stringify(routes);

  it.each([
    [4, 'default', '0.0.0.0/0'],
    [6, 'default', '::/0'],
    [4, '10.0.0.1', '10.0.0.1/32'],
    [6, 'fd00::1', 'fd00::1/128'],
    [4, '10.0.0.0/8', '10.0.0.0/8'],
  ] as const)('of family %i names %s by %s', (family, destination, to) => {
    expect(parseRoutes(printed({dst: destination, gateway: 'g', dev: 'eth0'}), family)).toEqual([
      {to, via: 'g', dev: 'eth0'},
    ]);
  });

  it('leaves out what no packet leaves by', () => {
    const routes = [
      {dst: 'fe80::/64', dev: 'eth0'},
      {dst: 'ff00::/8', dev: 'eth0'},
      {dst: '10.0.0.0/8', type: 'unreachable'},
    ];
    expect(parseRoutes(printed(...routes), 6)).toEqual([]);
    expect(parseRoutes('', 4)).toEqual([]);
  });
});
