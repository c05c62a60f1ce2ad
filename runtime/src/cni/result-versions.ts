/**
 * Converts a result from one CNI version to another, so that the next plugin and all other readers get the version of the
 * configuration. Unknown members and numbers keep their text.
 */
import {isIP} from 'node:net';
import {isObject, stringOf} from '../lib/json.ts';
import {rawElements, rawMembers, rawObject} from './raw-json.ts';
import {type CniVersion, hasSingleAddresses, isAtLeast, isCniVersion} from './versions.ts';

/** The result of a plugin is invalid; the message completes "the plugin printed …". */
export class BadResult extends Error {
  override readonly name = 'BadResult';
}

type Members = ReadonlyMap<string, string>;

/** Converts the text of a result to version `wanted`. A result without a version already counts as that version. */
export const resultInVersion = (text: string, wanted: CniVersion): string => {
  const result = parseResult(text);
  if (!isObject(result)) throw new BadResult('a result that is not an object');
  const version = result['cniVersion'] || wanted;
  const members = new Map(rawMembers(text)).set('cniVersion', JSON.stringify(wanted));
  if (!isCniVersion(version)) throw new BadResult('a result with an unknown "cniVersion"');
  const lists = hasSingleAddresses(version) ? fromSingleAddresses(members) : members;
  const valid = checkIndexes(lists);
  if (hasSingleAddresses(version) && hasSingleAddresses(wanted)) return rawObject(members);
  if (version === wanted) return rawObject(valid);
  return rawObject(
    hasSingleAddresses(wanted) ? toSingleAddresses(valid) : withAddressFamilies(valid, wanted),
  );
};

/** Up to CNI 0.2.0 a result has one address per family, each with its own routes. */
const fromSingleAddresses = (old: Members): Members => {
  const members = new Map(old);
  const ips = elementsOf(old, 'ips');
  const routes = elementsOf(old, 'routes');
  for (const family of ['ip4', 'ip6']) {
    const text = old.get(family);
    members.delete(family);
    if (text === undefined || text === 'null') continue;
    const address = membersOf(text);
    routes.push(...elementsOf(address, 'routes'));
    const kept = [...address].filter(([key]) => key !== 'routes');
    ips.push(rawObject(kept.map(([key, value]) => [key === 'ip' ? 'address' : key, value])));
  }
  if (ips.length > 0) members.set('ips', `[${ips.join(',')}]`);
  if (routes.length > 0) members.set('routes', `[${routes.join(',')}]`);
  return members;
};

/** As libcni does, keeps only the first address of each family and drops interfaces. */
const toSingleAddresses = (lists: Members): Members => {
  const members = new Map(lists);
  for (const key of ['interfaces', 'ips', 'routes']) members.delete(key);
  const routes = elementsOf(lists, 'routes');
  for (const family of ['4', '6']) {
    const found = addressesOf(lists).find((ip) => familyOf(ip) === `"${family}"`);
    if (!found) continue;
    const own = [...found]
      .filter(([key]) => key !== 'version' && key !== 'interface')
      .map(([key, value]): [string, string] => [key === 'address' ? 'ip' : key, value]);
    const ownRoutes = routes.filter((route) => familyOf(membersOf(route), 'dst') === `"${family}"`);
    const routesMember: [string, string][] =
      ownRoutes.length > 0 ? [['routes', `[${ownRoutes.join(',')}]`]] : [];
    members.set(`ip${family}`, rawObject([...own, ...routesMember]));
  }
  return members;
};

/** Before CNI 1.0.0 an address must state its family; since 1.0.0 it must not. */
const withAddressFamilies = (old: Members, wanted: CniVersion): Members => {
  if (!old.has('ips')) return old;
  const ips = addressesOf(old).map((address) => {
    const ip = new Map(address);
    ip.delete('version');
    return rawObject(isAtLeast(wanted, '1.0.0') ? ip : [['version', familyOf(ip)], ...ip]);
  });
  return new Map(old).set('ips', `[${ips.join(',')}]`);
};

const familyOf = (ip: Members, key = 'address'): string => {
  const address = stringOf(parseResult(ip.get(key) ?? 'null')) ?? '';
  const family = isIP(address.split('/')[0] ?? '');
  if (family === 0) throw new BadResult('a result with an invalid address');
  return `"${family}"`;
};

/** An address may refer to its interface by index (CNI spec, section 5, "Success"), which must exist. */
const checkIndexes = (members: Members): Members => {
  const count = elementsOf(members, 'interfaces').length;
  for (const address of addressesOf(members)) {
    const index = address.get('interface') ?? 'null';
    if (index !== 'null' && !(/^\d+$/.test(index) && Number(index) < count))
      throw new BadResult('a result with an address whose interface index is out of range');
  }
  return members;
};

const addressesOf = (members: Members): Members[] => elementsOf(members, 'ips').map(membersOf);

const membersOf = (text: string): Members => {
  if (!text.startsWith('{')) throw new BadResult('a result with a member that is not an object');
  return rawMembers(text);
};

const elementsOf = (members: Members, key: string): string[] => {
  const text = members.get(key);
  return text === undefined || text === 'null' ? [] : listIn(text);
};

const listIn = (text: string): string[] => {
  if (!text.startsWith('[')) throw new BadResult('a result with a member that is not a list');
  return rawElements(text);
};

const parseResult = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadResult('a result that is not JSON');
  }
};
