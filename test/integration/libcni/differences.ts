/** Where libcni 1.1.2 gives a plugin something else than we do, and why we do not follow it. */
import type {Case, Given} from './both.ts';

type Members = Readonly<Record<string, unknown>>;
type Change = (given: Given) => Given;

export interface Difference {
  readonly what: string;
  readonly reason: string;
  /** Shows it: all else that differs is listed too. */
  readonly example: Case;
  /** What libcni gave, as if it did not differ in this. */
  readonly libcni?: Change;
  /** The same for our runtime, if libcni drops something that we keep. */
  readonly ours?: Change;
}

/** A list of one plugin. */
export const oneOf = (plugin: object, list: object = {}): string =>
  JSON.stringify({cniVersion: '1.0.0', name: 'net', ...list, plugins: [{type: 'first', ...plugin}]});

/** A list of plugins that are configured no further. */
export const chainOf = (cniVersion: string, types: readonly string[], list: object = {}): string =>
  JSON.stringify({cniVersion, name: 'net', ...list, plugins: types.map((type) => ({type}))});

const byHand = 'written by hand';
const twoVersions = 'of-two-versions';
const versionless = 'without-version';

const without =
  (isDropped: (key: string, value: unknown) => boolean): Change =>
  (given) => ({
    ...given,
    config: Object.fromEntries(Object.entries(given.config).filter(([key, value]) => !isDropped(key, value))),
  });

const withPrevResult =
  (change: (result: Members) => Members): Change =>
  (given) => {
    const result = given.config['prevResult'];
    return result ? {...given, config: {...given.config, prevResult: change(result as Members)}} : given;
  };

/** As Go and JavaScript read numbers by default. */
const rounded = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const isNumber = entries.length === 1 && entries[0]?.[0] === 'number';
  if (isNumber) return {number: String(Number(entries[0]?.[1]))};
  return Object.fromEntries(entries.map(([key, inner]) => [key, rounded(inner)]));
};
const withNumbersRounded: Change = (given) => ({...given, config: rounded(given.config) as Members});

const only = (members: unknown, keys: readonly string[]): Members =>
  Object.fromEntries(Object.entries(members as object).filter(([key]) => keys.includes(key)));

const asLibcniKnowsIt = (result: Members): Members => ({
  ...only(result, ['cniVersion', 'interfaces', 'ips', 'ip4', 'ip6', 'routes', 'dns']),
  ...(Array.isArray(result['interfaces']) && {
    interfaces: result['interfaces'].map((each) => only(each, ['name', 'mac', 'sandbox'])),
  }),
});

/** Of results of 0.4.0 in a list of 1.0.0. */
const inVersionOf = (given: Given, result: Members): Members => {
  const {cniVersion} = given.config;
  if (cniVersion !== '1.0.0' || result['cniVersion'] !== '0.4.0') return result;
  const ips = result['ips'] as readonly Members[];
  return {...result, cniVersion, ips: ips.map((ip) => only(ip, ['address', 'gateway', 'interface']))};
};

export const differences: readonly Difference[] = [
  {
    what: 'leaves in "capabilities"',
    reason: 'the runtime must remove them once it has derived "runtimeConfig" (CNI spec, section 3)',
    example: {config: oneOf({capabilities: {portMappings: true}})},
    libcni: without((key) => key === 'capabilities'),
  },
  {
    what: 'hands on keys that begin with "cni.dev/"',
    reason: 'they are reserved for the runtime, which generates them (CNI spec, section 1)',
    example: {config: oneOf({'cni.dev/attachments': []})},
    libcni: without((key) => key.startsWith('cni.dev/')),
  },
  {
    what: 'hands on a "runtimeConfig" that is in the configuration',
    reason: 'it is reserved for the runtime, which generates it from the capabilities (CNI spec, section 1)',
    example: {config: oneOf({runtimeConfig: {mac: byHand}})},
    libcni: without((key, value) => key === 'runtimeConfig' && JSON.stringify(value).includes(byHand)),
  },
  {
    what: 'hands on a "prevResult" that is in the configuration',
    reason: 'the first plugin of ADD is given none (CNI spec, section 3)',
    example: {
      config: oneOf({prevResult: {cniVersion: '1.0.0', dns: {domain: byHand}}}),
      plan: {'first ADD': 'print({"cniVersion":"1.0.0","dns":{"domain":"of the plugin"}})'},
    },
    libcni: without((key, value) => key === 'prevResult' && JSON.stringify(value).includes(byHand)),
  },
  {
    what: 'rounds numbers to 64-bit floats',
    reason: 'what the runtime does not know passes through unchanged (CNI spec, section 1)',
    example: {config: oneOf({limit: 0}).replace('"limit":0', '"limit":9007199254740993')},
    libcni: withNumbersRounded,
    ours: withNumbersRounded,
  },
  {
    what: 'drops members of results that it does not know',
    reason: '"prevResult" is the result of the previous plugin, not a part of it (CNI spec, section 3)',
    example: {
      config: chainOf('1.0.0', ['first', 'second']),
      plan: {
        'first ADD':
          'print({"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mtu":1500}],"dns":{"domain":"a"},"more":[1]})',
      },
    },
    ours: withPrevResult(asLibcniKnowsIt),
  },
  {
    what: 'gives an empty "dns" to results without one',
    reason: 'it is optional (CNI spec, section 5); Go does not leave out a struct for being empty',
    example: {config: chainOf('1.0.0', ['first', 'second'])},
    libcni: withPrevResult(({dns, ...result}) =>
      Object.keys(dns ?? {}).length > 0 ? {...result, dns} : result,
    ),
  },
  {
    what: 'hands on results in the version that they came in',
    reason: '"prevResult" is of the version of the configuration (CNI spec, section 3)',
    example: {config: chainOf('1.0.0', ['first', 'second']), plan: {'first ADD': 'other-version(0.4.0)'}},
    libcni: (given) => withPrevResult((result) => inVersionOf(given, result))(given),
  },
  {
    what: 'does not read "cniVersions"',
    reason: 'the highest version that both sides know is to be taken (CNI spec, section 1); new in 1.1.0',
    example: {
      config: oneOf({}, {name: twoVersions, cniVersion: '0.4.0', cniVersions: ['0.4.0', '1.0.0']}),
      commands: ['ADD'],
    },
    libcni: (given) =>
      given.config['name'] === twoVersions
        ? {...given, config: {...given.config, cniVersion: '1.0.0'}}
        : given,
  },
  {
    what: 'hands on an empty "cniVersion" where the list has none',
    reason: 'a list without one is of 0.1.0 (CNI spec, section 1), which plugins take an empty one for',
    example: {
      config: JSON.stringify({name: versionless, plugins: [{type: 'first'}, {type: 'second'}]}),
      commands: ['ADD', 'DEL'],
    },
    libcni: (given) =>
      given.config['name'] === versionless
        ? {...given, config: {...given.config, cniVersion: '0.1.0'}}
        : given,
  },
];
