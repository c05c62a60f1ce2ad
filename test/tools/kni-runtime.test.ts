import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {CommandError} from '../../src/host/command-error.ts';
import {quoteCommand} from '../../src/host/quote.ts';
import {
  askNetworks,
  askPod,
  parseInspectedPod,
  parseNetworks,
  refusalOf,
} from '../../src/tools/kni-runtime.ts';

describe('the commands of kni-runtime', () => {
  it.each([
    [askNetworks, 'kni-runtime networks'],
    [askPod('default/a'), 'kni-runtime inspect default/a'],
    [askPod('default/a', {check: true}), 'kni-runtime inspect default/a --check'],
  ])('%j', (command, line) => {
    expect(quoteCommand(command)).toBe(line);
  });
});

describe('parseNetworks', () => {
  const parsed = (...networks: readonly object[]) => parseNetworks(JSON.stringify({networks}));

  it('reads the report of a full pool', () => {
    const extradata = {
      reason: 'AddressPoolExhausted',
      message: 'no address is left',
      addresses_used: '253',
      addresses_capacity: '253',
      running_pods: 'unaffected',
    };
    expect(parsed({name: 'kni', extradata})).toEqual([
      {
        name: 'kni',
        ready: false,
        reason: 'AddressPoolExhausted',
        message: 'no address is left',
        used: 253,
        capacity: 253,
        runningPodsUnaffected: true,
      },
    ]);
  });

  it.each([
    ['nothing but a name', {name: 'a', ready: true}],
    ['empty fields', {name: 'a', ready: true, extradata: {reason: '', addresses_used: 'many'}}],
    ['fields of another type', {name: 'a', ready: true, extradata: {reason: 1, addresses_used: {}}}],
    ['extradata of another type', {name: 'a', ready: true, extradata: []}],
  ])('takes %s', (_, network) => {
    expect(parsed(network)).toMatchObject([
      {name: 'a', ready: true, reason: undefined, used: undefined, runningPodsUnaffected: false},
    ]);
  });

  it('takes an empty answer for no network, and no other shape', () => {
    expect(parseNetworks('{}')).toEqual([]);
    expect(() => parseNetworks('[]')).toThrow(/^cannot read the network runtime's networks: .*$/);
    expect(() => parseNetworks('')).toThrow(/^cannot read the network runtime's networks: .*$/);
  });
});

describe('parseInspectedPod', () => {
  const read = (text: string): string => {
    try {
      return typeof parseInspectedPod(text).network;
    } catch (error) {
      return String(error);
    }
  };

  it('reads a record, whether empty fields are left out or not', () => {
    const bare = {network: {netns: '/run/netns/a', interfaces: [{name: 'eth0'}]}};
    const full = {
      network: {
        correlation: '',
        sandbox: '',
        netns: '/run/netns/a',
        interfaces: [{name: 'eth0', mac: '', mtu: 0, network: '', addresses: []}],
      },
      attachments: [],
      problems: [],
    };
    expect(parseInspectedPod(JSON.stringify(full))).toEqual(parseInspectedPod(JSON.stringify(bare)));
    expect(parseInspectedPod(JSON.stringify(bare)).network.interfaces).toEqual([
      {name: 'eth0', addresses: []},
    ]);
  });

  it('rejects anything but a record, with one kind of error', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(read(text)).toMatch(
          /^(object|Error: cannot read the network runtime's record of a pod: .*)$/s,
        );
      }),
    );
  });
});

describe('refusalOf', () => {
  const failed = (exitStatus: number, output: string) =>
    refusalOf(new CommandError(askNetworks, {reason: `exit code ${exitStatus}`, exitStatus, output}));

  it.each([
    [1, 'kni-runtime: NOT_FOUND: unknown pod', 'NOT_FOUND', 'unknown pod'],
    [
      1,
      'kni-runtime: UNAVAILABLE: no server is listening on /run/kni/kni.sock',
      'UNAVAILABLE',
      'no server is listening on /run/kni/kni.sock',
    ],
    [
      126,
      'OCI runtime exec failed: exec failed: exec: "kni-runtime": executable file not found in $PATH: unknown',
      'no client',
      'it has no kni-runtime command',
    ],
    [
      2,
      "kni-runtime: Unknown option '--check'. To specify …",
      'no client',
      'its kni-runtime command is too old for this',
    ],
  ])('exit code %i, %j', (status, output, name, details) => {
    expect(failed(status, output)).toEqual({status: name, details});
  });

  it('explains nothing else', () => {
    expect(failed(1, 'Error response from daemon: container is not running')).toBeUndefined();
    expect(failed(137, '')).toBeUndefined();
  });
});
