/**
 * Checks the members of a result that plugins written in Go parse. A later DEL passes the result on to all plugins of the list: one
 * that cannot parse it fails, and the pod could never be cleaned up.
 */
import {isAddress, isSubnet} from '../lib/ip-text.ts';
import {isObject} from '../lib/json.ts';
import {BadResult, resultInVersion} from './result-versions.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isWhole: Check = (value) => Number.isSafeInteger(value);
const areTexts: Check = (value) => Array.isArray(value) && value.every(isText);

const isAddressOrEmpty: Check = (value) => value === '' || isAddress(value);

type Checks = Readonly<Record<string, Check>>;

/** The types of Go's `types100.Result` (containernetworking/cni). */
const lists: Readonly<Record<string, Checks>> = {
  interfaces: {name: isText, mac: isText, mtu: isWhole, sandbox: isText, socketPath: isText, pciID: isText},
  ips: {address: isSubnet, gateway: isAddressOrEmpty},
  routes: {
    dst: isSubnet,
    gw: isAddressOrEmpty,
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
