/**
 * Checks the members of a result that plugins written in Go parse. A later DEL passes the result on to all plugins of the list: one
 * that cannot parse it fails, and the pod could never be cleaned up.
 */
import {isIP} from 'node:net';
import {isObject} from '../lib/json.ts';
import {BadResult, resultInVersion} from './result-versions.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isWhole: Check = (value) => Number.isSafeInteger(value);
const areTexts: Check = (value) => Array.isArray(value) && value.every(isText);

/** Go refuses zones, as in fe80::1%eth0. */
const isIp = (text: string): boolean => isIP(text) !== 0 && !text.includes('%');

const isAddress: Check = (value) => value === '' || (typeof value === 'string' && isIp(value));

const isSubnet: Check = (value) => {
  if (typeof value !== 'string') return false;
  const [ip = '', bits = '', ...rest] = value.split('/');
  const isPrefix = /^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(ip) === 4 ? 32 : 128);
  return isIp(ip) && isPrefix && rest.length === 0;
};

type Checks = Readonly<Record<string, Check>>;

/** The types of Go's `types100.Result` (containernetworking/cni). */
const lists: Readonly<Record<string, Checks>> = {
  interfaces: {name: isText, mac: isText, mtu: isWhole, sandbox: isText, socketPath: isText, pciID: isText},
  ips: {address: isSubnet, gateway: isAddress},
  routes: {
    dst: isSubnet,
    gw: isAddress,
    mtu: isWhole,
    advmss: isWhole,
    priority: isWhole,
    table: isWhole,
    scope: isWhole,
  },
};
const dns: Checks = {nameservers: areTexts, domain: isText, search: areTexts, options: areTexts};

/** Throws BadResult. A member that is absent or null is fine: Go gives it its zero value. */
export const refuseInvalidResult = (text: string): void => {
  const result: unknown = JSON.parse(resultInVersion(text, '1.1.0'));
  if (!isObject(result)) return;
  for (const [name, checks] of Object.entries(lists)) {
    const list = result[name] ?? [];
    if (!Array.isArray(list)) throw new BadResult(`a result with an invalid "${name}"`);
    for (const element of list) refuseInvalidMembers(name, element, checks);
  }
  refuseInvalidMembers('dns', result['dns'], dns);
};

const refuseInvalidMembers = (name: string, value: unknown, checks: Checks): void => {
  if (isAbsent(value)) return;
  if (!isObject(value)) throw new BadResult(`a result with an invalid "${name}"`);
  for (const [member, isValid] of Object.entries(checks))
    if (!isAbsent(value[member]) && !isValid(value[member]))
      throw new BadResult(`a result with an invalid "${member}" in "${name}"`);
};

const isAbsent: Check = (value) => value === undefined || value === null;
