import * as fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import {type Case, type Given, throughBoth} from './libcni/both.ts';
import {buildLibcniRunner} from './libcni/build.ts';
import {chainOf, type Difference, differences, oneOf} from './libcni/differences.ts';

let program = '';
beforeAll(async () => {
  program = await buildLibcniRunner();
}, 600_000);

const bothBut = async (ignored: readonly Difference[], made: Case) => {
  const {libcni, ours} = await throughBoth(program, made);
  const seen = (given: readonly Given[], by: 'libcni' | 'ours') =>
    given.map((one) => ignored.reduce((changed, difference) => difference[by]?.(changed) ?? changed, one));
  return {
    libcni: {given: seen(libcni.given, 'libcni'), failed: Object.keys(libcni.failures)},
    ours: {given: seen(ours.given, 'ours'), failed: Object.keys(ours.failures)},
  };
};

const every = ['first', 'second', 'third'];
const portMappings = [{hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '127.0.0.1'}];
const capabilityArgs = {
  portMappings,
  bandwidth: {ingressRate: 1_000_000, ingressBurst: 2_000_000},
  ipRanges: [[{subnet: '10.1.2.0/24', rangeStart: '10.1.2.3'}]],
  dns: {servers: ['10.96.0.10'], searches: ['svc'], options: ['ndots:5']},
  ips: ['10.1.2.9/24'],
  mac: '0a:00:00:00:00:09',
  infinibandGUID: '24:8a:07:03:00:8d:ae:2e',
  deviceID: '0000:00:1f.6',
  aliases: ['a', 'b'],
  cgroupPath: '/kubepods/x',
  'io.kubernetes.cri.pod-annotations': {'a/b': '<c> & d'},
};
const capabilities = Object.fromEntries(Object.keys(capabilityArgs).map((name) => [name, true]));
const kubelet = [
  ['IgnoreUnknown', '1'],
  ['K8S_POD_NAMESPACE', 'default'],
  ['K8S_POD_NAME', 'a-pod'],
] as const;

const cases: readonly (readonly [what: string, made: Case])[] = [
  ...['0.1.0', '0.2.0', '0.3.1', '0.4.0', '1.0.0'].map((version) => {
    // CHECK does not exist before 0.4.0: see below.
    const commands = /^0\.[123]/.test(version)
      ? (['ADD', 'DEL'] as const)
      : (['ADD', 'CHECK', 'DEL'] as const);
    return [`a chain of ${version}`, {config: chainOf(version, every), args: kubelet, commands}] as const;
  }),
  [
    'a single plugin',
    {single: true, config: '{"cniVersion":"0.4.0","name":"one","type":"first","more":[1]}'},
  ],
  ['every capability', {config: oneOf({capabilities}), capabilityArgs}],
  [
    'capabilities that are off, unknown, or of other plugins',
    {
      config: oneOf({capabilities: {mac: false, ips: true, aliases: true}}),
      capabilityArgs: {mac: 'x', ips: []},
    },
  ],
  [
    'unknown members, and "args"',
    {
      config: oneOf({
        deep: {a: [null, true, '\u2028<&>', {b: ''}]},
        args: {cni: {ips: ['10.0.0.1']}},
        'é"': 'ü\\',
      }),
    },
  ],
  [
    'numbers of every form',
    {
      config: oneOf({n: 'N'})
        .replace('"N"', '[1e400,-0,1.50,1E3,12345678901234567890]')
        .replace('1e400,', ''),
    },
  ],
  ['results that name no version', {config: chainOf('0.4.0', every), plan: {'first ADD': 'no-version'}}],
  [
    'the result with addresses of both families, routes and DNS',
    {
      config: chainOf('1.0.0', every),
      plan: {
        'first ADD': `print(${JSON.stringify({
          cniVersion: '1.0.0',
          interfaces: [{name: 'kni0'}, {name: 'eth0', sandbox: '/run/netns/kni-x'}],
          ips: [
            {address: '10.1.2.3/24', gateway: '10.1.2.1', interface: 1},
            {address: 'fd00::3/64', interface: 1},
          ],
          routes: [{dst: '0.0.0.0/0'}, {dst: '10.9.0.0/16', gw: '10.1.2.1'}],
          dns: {nameservers: ['10.96.0.10'], search: ['svc']},
        })})`,
      },
    },
  ],
  ['a list that wants no CHECK', {config: chainOf('1.0.0', every, {disableCheck: true})}],
  [
    'a plugin that fails to ADD',
    {config: chainOf('1.0.0', every), plan: {'second ADD': 'error'}, commands: ['ADD', 'DEL']},
  ],
  ['a plugin that fails to CHECK', {config: chainOf('1.0.0', every), plan: {'second CHECK': 'error'}}],
  ['a plugin that fails to DEL', {config: chainOf('1.0.0', every), plan: {'second DEL': 'exit'}}],
  ['DEL without ADD and without netns', {config: chainOf('1.0.0', every), netns: '', commands: ['DEL']}],
  ['DEL twice', {config: chainOf('0.4.0', ['first']), commands: ['ADD', 'DEL', 'DEL']}],
  ['a plugin that is not there', {config: chainOf('1.0.0', ['first', 'nowhere']), commands: ['ADD']}],
];

describe('plugins get the same input from us as from libcni', () => {
  it.each(cases)('for %s', async (_, made) => {
    const {libcni, ours} = await bothBut(differences, made);
    expect(ours).toEqual(libcni);
  });

  it('for any list', async () => {
    const key = fc
      .string({unit: fc.constantFrom('a', 'b', 'é', '"', '\\', ' '), maxLength: 4})
      .map((text) => `x-${text}`);
    const plugin = fc.record({
      type: fc.constantFrom(...every),
      capabilities: fc.dictionary(fc.constantFrom(...Object.keys(capabilityArgs)), fc.boolean()),
      more: fc.dictionary(key, fc.jsonValue({maxDepth: 2})),
    });
    const list = fc.record({
      cniVersion: fc.constantFrom('0.4.0', '1.0.0'),
      name: fc.constantFrom('a', 'net.1', 'A_b-c'),
      plugins: fc
        .array(plugin, {minLength: 1, maxLength: 3})
        .map((all) => all.map(({more, ...known}) => ({...known, ...more}))),
    });
    await fc.assert(
      fc.asyncProperty(list, async (config) => {
        const {libcni, ours} = await bothBut(differences, {
          config: JSON.stringify(config),
          args: kubelet,
          capabilityArgs,
          commands: ['ADD', 'DEL'],
        });
        expect(ours).toEqual(libcni);
      }),
      {numRuns: 8},
    );
  }, 300_000);
});

describe('libcni, differently from us,', () => {
  it.each(differences.map((difference) => [difference.what, difference] as const))(
    '%s',
    async (_, difference) => {
      const made: Case = {commands: ['ADD', 'DEL'], ...difference.example};
      const others = differences.filter((other) => other !== difference);
      const without = await bothBut(others, made);
      expect(without.ours).not.toEqual(without.libcni);
      const {libcni, ours} = await bothBut(differences, made);
      expect(ours).toEqual(libcni);
    },
  );

  it('fails to CHECK what is from before there was CHECK, if we have nothing to do', async () => {
    const {libcni, ours} = await throughBoth(program, {
      config: chainOf('0.3.1', ['first']),
      commands: ['CHECK'],
    });
    expect(libcni.failures['CHECK']).toContain('does not support the CHECK command');
    expect(ours).toEqual({given: [], failures: {}});
  });

  it('runs CHECK without ADD, although a plugin cannot know what to check', async () => {
    const {libcni, ours} = await throughBoth(program, {
      config: chainOf('1.0.0', ['first']),
      commands: ['CHECK'],
    });
    expect(libcni.given.map(({call}) => call)).toEqual(['first CHECK']);
    expect(ours).toEqual({given: [], failures: {CHECK: 'eth0 cannot be checked: its ADD did not succeed'}});
  });

  it('never deletes what a plugin that is not there was to add to', async () => {
    const made: Case = {config: chainOf('1.0.0', ['first', 'nowhere']), commands: ['ADD', 'DEL']};
    const {libcni, ours} = await throughBoth(program, made);
    expect(libcni.given.map(({call}) => call)).toEqual(['first ADD']);
    expect(Object.keys(libcni.failures)).toEqual(['ADD', 'DEL']);
    expect(ours.given.map(({call}) => call)).toEqual(['first ADD', 'first DEL']);
    expect(Object.keys(ours.failures)).toEqual(['ADD']);
  });

  it('hands on arguments that read as two', async () => {
    const made: Case = {config: chainOf('1.0.0', ['first']), args: [['A', '1;B=2']], commands: ['ADD']};
    const {libcni, ours} = await throughBoth(program, made);
    expect(libcni.given[0]?.env['CNI_ARGS']).toBe('A=1;B=2');
    expect(ours).toEqual({
      given: [],
      failures: {ADD: 'invalid CNI argument: the key is empty, or it contains ";" or "="'},
    });
  });
});
