import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {InvalidRequest} from '../../../runtime/src/network/errors.ts';
import {networkSelectionsFrom} from '../../../runtime/src/network/network-selection.ts';

const read = (annotation: string | undefined) => networkSelectionsFrom(annotation, ['eth0', 'lo']);
const outcomeOf = (text: string): string => {
  try {
    return read(text)
      .map(({name, ifName}) => name + ifName)
      .join('');
  } catch (error) {
    return error instanceof InvalidRequest ? 'refused' : `surprise: ${String(error)}`;
  }
};
const plain = {namespace: '', capabilityArgs: {}};

describe('the networks that a pod asks for', () => {
  it('are none without the annotation', () => {
    expect(read(undefined)).toEqual([]);
    expect(read('  ')).toEqual([]);
    expect(read('[]')).toEqual([]);
  });

  it('come in the short form', () => {
    expect(read('one, other/two ,three@eth7')).toEqual([
      {...plain, name: 'one', ifName: 'net1'},
      {...plain, namespace: 'other', name: 'two', ifName: 'net2'},
      {...plain, name: 'three', ifName: 'eth7'},
    ]);
  });

  it('come as JSON, with what is asked of them', () => {
    const elements = [
      {name: 'one'},
      {
        name: 'two',
        namespace: 'other',
        interface: 'data',
        ips: ['10.1.2.3/24', 'fd00::1'],
        mac: '02:00:00:00:00:0a',
      },
      {name: 'one', bandwidth: {ingressRate: 1000}, 'infiniband-guid': 'c2:11:22:33:44:55:66:77'},
    ];
    expect(read(JSON.stringify(elements))).toEqual([
      {...plain, name: 'one', ifName: 'net1'},
      {
        namespace: 'other',
        name: 'two',
        ifName: 'data',
        capabilityArgs: {ips: ['10.1.2.3/24', 'fd00::1'], mac: '02:00:00:00:00:0a'},
      },
      {
        ...plain,
        name: 'one',
        ifName: 'net3',
        capabilityArgs: {bandwidth: {ingressRate: 1000}, infinibandGUID: 'c2:11:22:33:44:55:66:77'},
      },
    ]);
  });

  it.each([
    ['[', 'not valid JSON'],
    ['["one"]', 'not a list of objects'],
    ['one,,two', 'not of the form'],
    ['a/b/c', 'not of the form'],
    ['../up', 'names a'],
    ['[{}]', 'names a network'],
    ['[{"name":"one;K=V"}]', 'names a network'],
    ['[{"name":"one","namespace":"No"}]', 'names a namespace'],
    ['one@eth0', 'the same name'],
    ['one@lo', 'the same name'],
    ['one@net2,two', 'the same name'],
    ['one@far-too-long-name', 'names an interface'],
    ['[{"name":"one","interface":"a/b"}]', 'names an interface'],
    ['[{"name":"one","mac":"02:00"}]', 'a mac'],
    ['[{"name":"one","ips":["10.0.0.300"]}]', 'ips'],
    ['[{"name":"one","ips":"10.0.0.3"}]', 'ips'],
    ['[{"name":"one","ips":["10.0.0.3/33"]}]', 'ips'],
    ['[{"name":"one","default-route":["10.0.0.1"]}]', 'not supported'],
    [Array.from({length: 33}, (_, index) => `n${index}`).join(','), 'more than 32'],
  ])('are refused as %s', (annotation, why) => {
    expect(() => read(annotation)).toThrow(InvalidRequest);
    expect(() => read(annotation)).toThrow(why);
  });

  it('are read or refused, whatever is asked', () => {
    const element = fc.record(
      {
        name: fc.oneof(fc.constant('net'), fc.string({unit: 'binary'})),
        namespace: fc.string({unit: 'binary'}),
        interface: fc.string({unit: 'binary'}),
        ips: fc.anything(),
        mac: fc.anything(),
      },
      {requiredKeys: []},
    );
    const annotation = fc.oneof(
      fc.string({unit: 'binary'}),
      fc.array(element).map((list) => JSON.stringify(list)),
    );
    fc.assert(
      fc.property(annotation, (text) => {
        expect(outcomeOf(text)).toMatch(/^(?:refused|[^;=/\0\s]*)$/);
      }),
    );
  });
});
