/**
 * Checks capability arguments against CNI's CONVENTIONS.md ("Dynamic plugin specific fields") before a plugin gets them.
 * A plugin that refuses an argument in ADD also refuses it in DEL, so such a pod could not be cleaned up.
 */
import {isAddress, isSubnet} from '../lib/ip-text.ts';
import {isObject} from '../lib/json.ts';

/** Returns what is wrong with a value, or `undefined`. `at` names the value in that text. */
type Check = (value: unknown, at: string) => string | undefined;

const either =
  (isRight: (value: unknown) => boolean, must: string): Check =>
  (value, at) =>
    isRight(value) ? undefined : `${at} must be ${must}`;

const isText = (value: unknown): value is string => typeof value === 'string';

const isInteger = (value: unknown, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;

/** With or without a prefix length. */
const isAddressOrSubnet = (value: unknown): boolean => isAddress(value) || isSubnet(value);

/** `size` octets in hexadecimal, separated by colons. */
const isHardwareAddress = (value: unknown, size: number): boolean =>
  isText(value) &&
  value.split(':').length === size &&
  value.split(':').every((octet) => /^[\da-f]{2}$/i.test(octet));

/** Checks each entry. An empty list is most likely a mistake. */
const listOf =
  (check: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value) || value.length === 0) return `${at} must be a list that is not empty`;
    for (const [index, entry] of value.entries()) {
      const problem = check(entry, `${at}[${index}]`);
      if (problem) return problem;
    }
    return undefined;
  };

/**
 * Refuses unknown members: plugins written in Go ignore case, so `HOSTPORT` would bypass the check of `hostPort`.
 */
const objectOf =
  (members: Readonly<Record<string, Check>>, needed: readonly string[]): Check =>
  (value, at) => {
    if (!isObject(value)) return `${at} must be an object`;
    for (const [key, member] of Object.entries(value)) {
      const check = Object.hasOwn(members, key) ? members[key] : undefined;
      if (!check) return `${at} has an unknown member ${JSON.stringify(key.slice(0, 40))}`;
      const problem = check(member, `${at}.${key}`);
      if (problem) return problem;
    }
    const missing = needed.find((key) => !(key in value));
    return missing && `${at}.${missing} is missing`;
  };

const port = either((value) => isInteger(value, 1, 65_535), 'an integer from 1 to 65535');
const protocol = either(
  (value) => isText(value) && ['tcp', 'udp', 'sctp'].includes(value.toLowerCase()),
  'tcp, udp or sctp',
);
const address = either(isAddress, 'an IP address without a zone');

export const portMappingProblem = objectOf({hostPort: port, containerPort: port, protocol, hostIP: address}, [
  'hostPort',
  'containerPort',
  'protocol',
]);

const rate = either((value) => isInteger(value, 1, Number.MAX_SAFE_INTEGER), 'an integer above 0');
/** The largest burst in bits: the kernel counts bytes in 32 bits. The bandwidth plugin refuses more, even in DEL. */
const mostBurst = 8 * (2 ** 32 - 2);
const burst = either((value) => isInteger(value, 1, mostBurst), `an integer from 1 to ${mostBurst}`);
const rates = objectOf({ingressRate: rate, ingressBurst: burst, egressRate: rate, egressBurst: burst}, []);

/** The bandwidth plugin needs both a rate and a burst. */
const bandwidth: Check = (value, at) => {
  const problem = rates(value, at);
  if (problem || !isObject(value)) return problem;
  if (Object.keys(value).length === 0) return `${at} limits nothing`;
  for (const direction of ['ingress', 'egress'])
    if (`${direction}Rate` in value !== `${direction}Burst` in value)
      return `${at}: ${direction}Rate and ${direction}Burst must be given together`;
  return undefined;
};

/** By the key under which plugins get the value. */
export const capabilityChecks = {
  ips: listOf(either(isAddressOrSubnet, 'an IP address without a zone, with or without a prefix length')),
  mac: either((value) => isHardwareAddress(value, 6), 'six octets, such as 02:00:00:00:00:0a'),
  infinibandGUID: either(
    (value) => isHardwareAddress(value, 8),
    'eight octets, such as c2:11:22:33:44:55:66:77',
  ),
  bandwidth,
  portMappings: listOf(portMappingProblem),
} as const satisfies Record<string, Check>;
