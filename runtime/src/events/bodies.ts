/** Requests and responses as JSON for the readers of events. Values that may be secret are replaced. */
import {type DescMessage, fromBinary, type Message, toJson} from '@bufbuild/protobuf';
import {objectOf} from '../lib/json.ts';
import {shortText} from './event.ts';

/** Characters. Memory for events is bounded. */
const longestBody = 4_000;

const hidden = '(hidden)';

/** Users and other programs may put anything into annotations and extradata. These are the values of kni-demo itself. */
const knownExtradata: ReadonlySet<string> = new Set([
  'uid',
  'attempt',
  'netns',
  'cgroup_parent',
  'dns',
  'prefixes',
  'gateway',
  'mtu',
  'network',
]);

/** JSON as in https://protobuf.dev/programming-guides/json; `message` may be encoded. Undefined if it is not valid. */
export const messageText = (schema: DescMessage, message: Message | Uint8Array): string | undefined =>
  textOf(() => {
    const decoded = message instanceof Uint8Array ? fromBinary(schema, message) : message;
    return JSON.stringify(toJson(schema, decoded), (key, value: unknown) => {
      if (typeof value !== 'object' || value === null) return value;
      if (key === 'annotations') return withValues(value, () => hidden);
      return key === 'extradata'
        ? withValues(value, (name, known) => (knownExtradata.has(name) ? known : hidden))
        : value;
    });
  });

/** Keys of configurations and results in the CNI spec and its conventions, and of the plugins of the CNI project. */
const knownKeys: ReadonlySet<string> = new Set(
  `cniVersion name type capabilities runtimeConfig prevResult portMappings hostPort containerPort protocol hostIP bandwidth
  ingressRate ingressBurst egressRate egressBurst ips mac mtu interfaces sandbox address interface gateway routes dst gw
  priority version dns ipam ranges subnet rangeStart rangeEnd dataDir bridge isGateway
  isDefaultGateway forceAddress ipMasq hairpinMode promiscMode vlan disableContainerInterface backend snat markMasqBit
  conditionsV4 conditionsV6 master mode ip4 ip6 ip socketPath pciID table scope advmss ingressPolicy
  cni.dev/valid-attachments cni.dev/attachments containerID ifname`.split(/\s+/),
);

/** Of `dns` in the CNI spec and in its convention for runtimeConfig. Elsewhere, `options` of a plugin may be anything. */
const knownDnsKeys: ReadonlySet<string> = new Set([
  'nameservers',
  'domain',
  'search',
  'options',
  'servers',
  'searches',
]);

/** The configuration of a plugin, or its result. A plugin may have further keys, such as a password: their values are hidden. */
export const pluginText = (json: () => string): string | undefined =>
  textOf(() => JSON.stringify(known(JSON.parse(json()))));

const known = (value: unknown, keys = knownKeys): unknown => {
  if (Array.isArray(value)) return value.map((each) => known(each, keys));
  if (typeof value !== 'object' || value === null) return value;
  return withValues(value, (key, each) =>
    keys.has(key) ? known(each, key === 'dns' ? knownDnsKeys : knownKeys) : hidden,
  );
};

const withValues = (object: object, valueOf: (key: string, value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(objectOf(object)).map(([key, value]) => [key, valueOf(key, value)]));

/** Undefined after an error: an event is worth more than the text of its call. */
const textOf = (make: () => string): string | undefined => {
  try {
    return shortText(make(), longestBody);
  } catch {
    return undefined;
  }
};
