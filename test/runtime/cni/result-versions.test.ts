import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {resultInVersion} from '../../../runtime/src/cni/result-versions.ts';

const convert = (result: object, wanted: Parameters<typeof resultInVersion>[1]): unknown =>
  JSON.parse(resultInVersion(JSON.stringify(result), wanted));

const modern = {
  interfaces: [{name: 'eth0', sandbox: '/run/netns/x', mtu: 1400}],
  ips: [
    {address: '10.0.0.2/24', gateway: '10.0.0.1', interface: 0},
    {address: 'fd00::2/64', interface: 0},
  ],
  routes: [{dst: '0.0.0.0/0', table: 7}],
  dns: {nameservers: ['10.0.0.1']},
  custom: {kept: true},
};
const families = ['4', '6'];
const old = {...modern, ips: modern.ips.map((ip, at) => ({version: families[at], ...ip}))};

describe('the result of a plugin', () => {
  it('in the version of the list is not changed, with numbers and unknown members', () => {
    const text = '{"cniVersion":"1.0.0","x":9007199254740993,"ips":[{"address":"10.0.0.2/24","y":1.50}]}';
    expect(resultInVersion(text, '1.0.0')).toBe(text);
  });

  it.each([{}, {cniVersion: ''}, {cniVersion: null}])(
    'with %j for a version is taken for one of the list',
    (head) => {
      expect(convert({...head, ...old}, '0.4.0')).toEqual({cniVersion: '0.4.0', ...old});
    },
  );

  it.each([
    ['0.3.0', old, '0.4.0', old],
    ['0.3.1', old, '1.0.0', modern],
    ['0.4.0', old, '1.1.0', modern],
    ['1.0.0', modern, '0.3.1', old],
    ['1.1.0', modern, '0.4.0', old],
    ['1.0.0', modern, '1.1.0', modern],
    ['1.1.0', modern, '1.0.0', modern],
  ] as const)('of version %s with %j becomes one of %s', (from, given, to, expected) => {
    expect(convert({cniVersion: from, ...given}, to)).toEqual({cniVersion: to, ...expected});
  });

  it.each(['0.1.0', '0.2.0'])(
    'of version %s, with one address of either family, becomes one with lists',
    (from) => {
      const given = {
        cniVersion: from,
        ip4: {ip: '10.0.0.2/24', gateway: '10.0.0.1', routes: [{dst: '0.0.0.0/0', gw: '10.0.0.1'}], own: 1},
        ip6: {ip: 'fd00::2/64', routes: [{dst: '::/0'}]},
        dns: {nameservers: ['10.0.0.1']},
        custom: 1,
      };
      const rest = {
        routes: [{dst: '0.0.0.0/0', gw: '10.0.0.1'}, {dst: '::/0'}],
        dns: {nameservers: ['10.0.0.1']},
        custom: 1,
      };
      const ip4 = {address: '10.0.0.2/24', gateway: '10.0.0.1', own: 1};
      const ip6 = {address: 'fd00::2/64'};
      expect(convert(given, '1.0.0')).toEqual({cniVersion: '1.0.0', ips: [ip4, ip6], ...rest});
      expect(convert(given, '0.4.0')).toEqual({
        cniVersion: '0.4.0',
        ips: [
          {version: '4', ...ip4},
          {version: '6', ...ip6},
        ],
        ...rest,
      });
      expect(convert({cniVersion: from, ip4: null}, '1.0.0')).toEqual({cniVersion: '1.0.0'});
    },
  );

  it.each(['0.1.0', '0.2.0'] as const)(
    'with lists becomes one of %s, with the first address of either family',
    (to) => {
      const given = {
        interfaces: [{name: 'eth0'}],
        ips: [
          {address: '10.0.0.2/24', gateway: '10.0.0.1', interface: 0, own: 1},
          {address: '10.0.0.3/24'},
          {address: 'fd00::2/64', version: '6'},
        ],
        routes: [{dst: '0.0.0.0/0', gw: '10.0.0.1'}, {dst: '::/0'}],
        dns: {nameservers: ['10.0.0.1']},
        custom: 1,
      };
      expect(convert({cniVersion: '1.0.0', ...given}, to)).toEqual({
        cniVersion: to,
        ip4: {ip: '10.0.0.2/24', gateway: '10.0.0.1', own: 1, routes: [{dst: '0.0.0.0/0', gw: '10.0.0.1'}]},
        ip6: {ip: 'fd00::2/64', routes: [{dst: '::/0'}]},
        dns: {nameservers: ['10.0.0.1']},
        custom: 1,
      });
      expect(convert({cniVersion: '0.3.1', dns: {}}, to)).toEqual({cniVersion: to, dns: {}});
    },
  );

  it('of 0.1.0 is the same in 0.2.0, and the other way round', () => {
    const given = {ip4: {ip: '10.0.0.2/24', x: 1.5}, custom: 1};
    expect(convert({cniVersion: '0.1.0', ...given}, '0.2.0')).toEqual({cniVersion: '0.2.0', ...given});
    expect(convert({cniVersion: '0.2.0', ...given}, '0.1.0')).toEqual({cniVersion: '0.1.0', ...given});
    expect(convert(given, '0.1.0')).toEqual({cniVersion: '0.1.0', ...given});
    expect(() => convert({ip4: '10.0.0.2'}, '0.2.0')).toThrow('a member that is not an object');
  });

  it('keeps numbers as they are written when it is converted', () => {
    const text =
      '{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.0.0.2/24","x":9007199254740993}]}';
    expect(resultInVersion(text, '1.1.0')).toBe(
      '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.2/24","x":9007199254740993}]}',
    );
  });

  it('goes to an older version and back without a loss', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (others) => {
        const given = {...others, cniVersion: '1.1.0', ips: modern.ips, interfaces: [{}]};
        const text = JSON.stringify(given);
        expect(JSON.parse(resultInVersion(resultInVersion(text, '0.3.1'), '1.1.0'))).toEqual(
          JSON.parse(text),
        );
      }),
    );
  });

  it.each([
    ['no JSON', '{', 'not JSON'],
    ['nothing', '', 'not JSON'],
    ['null', 'null', 'not an object'],
    ['a list', '[]', 'not an object'],
    ['an unknown version', '{"cniVersion":"2.0.0"}', 'an unknown "cniVersion"'],
    ['an invalid version', '{"cniVersion":{"a":1}}', 'an unknown "cniVersion"'],
    [
      'an interface too far',
      '{"interfaces":[{}],"ips":[{"interface":1}]}',
      'interface index is out of range',
    ],
    ['an interface of none', '{"ips":[{"interface":0}]}', 'interface index is out of range'],
    [
      'a negative interface',
      '{"interfaces":[{}],"ips":[{"interface":-1}]}',
      'interface index is out of range',
    ],
    [
      'an interface by name',
      '{"interfaces":[{}],"ips":[{"interface":"0"}]}',
      'interface index is out of range',
    ],
    ['addresses that are not a list', '{"ips":{}}', 'a member that is not a list'],
    ['an address that is not an object', '{"ips":["10.0.0.2"]}', 'a member that is not an object'],
    ['interfaces that are not a list', '{"interfaces":7}', 'a member that is not a list'],
    [
      'an old address that is not an object',
      '{"cniVersion":"0.2.0","ip4":"10.0.0.2"}',
      'a member that is not an object',
    ],
    [
      'old routes that are not a list',
      '{"cniVersion":"0.2.0","ip4":{"routes":7}}',
      'a member that is not a list',
    ],
  ])('is refused with %s', (_, text, message) => {
    expect(() => resultInVersion(text, '1.0.0')).toThrow(message);
  });

  it('may say that an address is of no interface', () => {
    expect(
      convert({ips: [{address: '10.0.0.2/24', interface: null}], interfaces: null}, '1.0.0'),
    ).toBeDefined();
  });

  it('cannot become an old one with an address of no family', () => {
    expect(() => convert({cniVersion: '1.0.0', ips: [{address: 'ten'}]}, '0.4.0')).toThrow('invalid address');
    expect(() => convert({cniVersion: '0.2.0', ip4: {}}, '0.4.0')).toThrow('invalid address');
  });
});
