import {create} from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {IPConfigSchema} from '../../runtime/src/gen/kni_pb.ts';
import {describeIpConfigs} from '../../runtime/src/rpc/ip-configs.ts';
import {parseLogLine, receivedIpConfigs} from '../../src/cluster/runtime-log.ts';

const received = (body: string, id = 'abc'): string => `ipconfigs received for id: ${id} ip: map[${body}]`;
const plain = (msg: string) => {
  const found = receivedIpConfigs(msg);
  return found && Object.fromEntries(found.interfaces);
};

describe('receivedIpConfigs', () => {
  it('reads the line that the original demo is known by', () => {
    const line = receivedIpConfigs(received('eth0:ip:"10.244.1.5" mac:"aa:bb:cc:dd:ee:ff"', '0123abc'));
    expect(line?.sandbox).toBe('0123abc');
    expect(line?.interfaces.get('eth0')).toEqual({ips: ['10.244.1.5'], mac: 'aa:bb:cc:dd:ee:ff'});
  });

  it.each([
    ['no interface', '', {}],
    ['no mac', 'eth0:ip:"10.0.0.1"', {eth0: {ips: ['10.0.0.1'], mac: undefined}}],
    ['nothing of an interface', 'eth0:', {eth0: {ips: [], mac: undefined}}],
    [
      'several addresses, of both families',
      'eth0:ip:"10.0.0.1" ip:"fd00:10:244::5" mac:"aa"',
      {eth0: {ips: ['10.0.0.1', 'fd00:10:244::5'], mac: 'aa'}},
    ],
    [
      'several interfaces',
      'eth0:ip:"10.0.0.1" mac:"aa" net1:ip:"10.0.1.1" ip:"10.0.1.2" net2: net3:mac:"bb"',
      {
        eth0: {ips: ['10.0.0.1'], mac: 'aa'},
        net1: {ips: ['10.0.1.1', '10.0.1.2'], mac: undefined},
        net2: {ips: [], mac: undefined},
        net3: {ips: [], mac: 'bb'},
      },
    ],
    [
      'interfaces named like fields',
      'ip:ip:"10.0.0.1" mac:mac:"aa"',
      {ip: {ips: ['10.0.0.1'], mac: undefined}, mac: {ips: [], mac: 'aa'}},
    ],
  ])('reads %s', (_, body, interfaces) => {
    expect(plain(received(body))).toEqual(interfaces);
  });

  it.each([
    ['another line', 'AttachInterface ok'],
    ['something before it', `x ${received('eth0:ip:"1"')}`],
    ['something after it', `${received('eth0:ip:"1"')} x`],
    ['no sandbox', 'ipconfigs received for id:  ip: map[]'],
    ['two words for a sandbox', received('', 'a b')],
    ['an open quote', received('eth0:ip:"10.0.0.1')],
    ['a field that it does not know', received('eth0:ip:"1" gateway:"2"')],
    ['a field of no interface', received('ip:"10.0.0.1"')],
    ['words between', received('eth0:ip:"1" and net1:ip:"2"')],
    ['two lines', `${received('eth0:ip:"1"')}\n${received('eth0:ip:"2"')}`],
  ])('does not read %s', (_, msg) => {
    expect(receivedIpConfigs(msg)).toBeUndefined();
  });

  it('reads everything that the runtime writes', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.@-]{0,14}$/);
    const config = fc.record({
      ip: fc.array(fc.oneof(fc.ipV4(), fc.ipV6())),
      mac: fc.constantFrom('', 'aa:bb:cc:dd:ee:ff'),
    });
    fc.assert(
      fc.property(fc.dictionary(name, config), (configs) => {
        const described = describeIpConfigs(
          Object.fromEntries(
            Object.entries(configs).map(([key, value]) => [key, create(IPConfigSchema, value)]),
          ),
        );
        const wanted = Object.entries(configs).map(([key, {ip, mac}]) => [
          key,
          {ips: ip, mac: mac || undefined},
        ]);
        expect(plain(`ipconfigs received for id: abc ip: ${described}`)).toEqual(Object.fromEntries(wanted));
      }),
    );
  });

  it('needs no more time for hostile text', () => {
    const begun = performance.now();
    for (const body of [
      'eth0:'.repeat(50_000),
      'ip:"" '.repeat(50_000),
      `eth0:${'ip:"1" '.repeat(50_000)}!`,
      'a: '.repeat(50_000),
    ]) {
      receivedIpConfigs(received(body));
    }
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('never throws', () => {
    const unit = fc.constantFrom('eth0', ':', ' ', '"', 'ip', 'mac', '1', ']', '[', '\n');
    fc.assert(
      fc.property(fc.string({unit}), (body) => {
        expect(() => receivedIpConfigs(received(body))).not.toThrow();
      }),
    );
  });
});

describe('parseLogLine', () => {
  const line = {level: 'info', msg: 'CreateNetwork ok', time: '2026-11-24T02:00:00.000Z'};

  it('keeps unknown fields', () => {
    const all = {...line, rpc: 'CreateNetwork', ms: 1.5, attempt: 3};
    expect(parseLogLine(JSON.stringify(all))).toEqual(all);
  });

  it.each([
    'Started kni.service - KNI network runtime.',
    '-- No entries --',
    '',
    '{',
    '{}',
    '[]',
    'null',
    '"text"',
    JSON.stringify({...line, time: 5}),
    JSON.stringify({...line, msg: null}),
    JSON.stringify({...line, level: 30}),
    JSON.stringify({msg: 'a', time: 'b'}),
  ])('does not take %j for one of the runtime', (text) => {
    expect(parseLogLine(text)).toBeUndefined();
  });

  it('ignores a field of the wrong type', () => {
    const wrong = {...line, pod: {}, ms: 'soon', error: 1, sandbox: null};
    expect(parseLogLine(JSON.stringify(wrong))).toEqual(line);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string().map((text) => `{${text}`),
        ),
        (text) => {
          expect(() => parseLogLine(text)).not.toThrow();
        },
      ),
    );
  });
});
