/** The records of the cluster's zone: Kubernetes DNS-Based Service Discovery, schema version 1.1.0. */
import {isIPv4, isIPv6} from 'node:net';
import type {Answer} from 'dns-packet';
import type {Directory, Owner} from './directory.ts';
import type {Port, Service} from './objects.ts';

/** The version of the specification. */
const schemaVersion = '1.1.0';

/** Seconds that clients may keep a record, or the knowledge that it does not exist. */
export const ttl = 5;

export interface Zone {
  /** In lower case and without a dot at its end: `cluster.local`. */
  readonly name: string;
  readonly directory: Directory;
  /** The Service through which pods reach this server. */
  readonly dnsService: {readonly namespace: string; readonly name: string};
}

/**
 * All records of a name. `path` are its labels below the zone, beginning with the last: `['svc', 'default', 'web']`.
 * An empty list is a name that exists only because longer names end with it; undefined is a name that does not exist (NXDOMAIN).
 */
export const recordsAt = (path: readonly string[], zone: Zone): readonly Answer[] | undefined => {
  const name = [...path.toReversed(), zone.name].join('.');
  const [first, ...rest] = path;
  switch (first) {
    case undefined:
      return [soaOf(zone), {type: 'NS', name, ttl, data: nameServerOf(zone)}];
    case 'dns-version':
      return rest.length === 0 ? [{type: 'TXT', name, ttl, data: schemaVersion}] : undefined;
    case 'dns':
      return nameServerRecords(rest, name, zone);
    case 'svc':
      return serviceRecords(rest, name, zone.directory);
    case 'pod':
      return podRecords(rest, name);
    default:
      return undefined;
  }
};

const nameServerOf = (zone: Zone): string => `ns.dns.${zone.name}`;

/** Says, in negative responses, how long clients may keep them (RFC 2308). */
export const soaOf = (zone: Zone, name: string = zone.name): Answer => ({
  type: 'SOA',
  name,
  ttl,
  data: {
    mname: nameServerOf(zone),
    rname: `hostmaster.${zone.name}`,
    serial: Math.floor(Date.now() / 1000),
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttl,
  },
});

const nameServerRecords = (
  path: readonly string[],
  name: string,
  {directory, dnsService}: Zone,
): readonly Answer[] | undefined => {
  if (path.length === 0) return [];
  if (path.length > 1 || path[0] !== 'ns') return undefined;
  const service = directory.service(dnsService.namespace, dnsService.name);
  return service?.clusterIps.map((ip) => addressRecord(name, ip)) ?? [];
};

const serviceRecords = (
  [namespace, name, ...below]: readonly string[],
  owner: string,
  directory: Directory,
): readonly Answer[] | undefined => {
  if (namespace === undefined) return [];
  if (name === undefined) return directory.hasNamespace(namespace) ? [] : undefined;
  const service = directory.service(namespace, name);
  if (service === undefined) return undefined;
  if (service.externalName !== undefined)
    return below.length === 0 ? [{type: 'CNAME', name: owner, ttl, data: service.externalName}] : undefined;
  const [label, port, ...tooMany] = below;
  if (tooMany.length > 0) return undefined;
  if (label === undefined) return existing(addressesOf(service, owner, directory));
  if (label.startsWith('_')) return portRecords({service, protocol: label.slice(1), port, owner, directory});
  return port === undefined ? existing(endpointRecords(service, label, owner, directory)) : undefined;
};

const existing = (records: readonly Answer[]): readonly Answer[] | undefined =>
  records.length === 0 ? undefined : records;

const addressesOf = (service: Service, owner: string, directory: Directory): readonly Answer[] => {
  const ips =
    service.clusterIps.length > 0
      ? service.clusterIps
      : directory.subsets(service).flatMap(({ready}) => ready.map(({ip}) => ip));
  return [...new Set(ips)].map((ip) => addressRecord(owner, ip));
};

const endpointRecords = (
  service: Service,
  hostname: string,
  owner: string,
  directory: Directory,
): readonly Answer[] => {
  const ips = directory.hosts(service).get(hostname) ?? [];
  return [...ips].map((ip) => addressRecord(owner, ip));
};

interface PortQuestion {
  readonly service: Service;
  readonly protocol: string;
  /** With its underscore: `_http`. Undefined for the name of the protocol alone. */
  readonly port: string | undefined;
  readonly owner: string;
  readonly directory: Directory;
}

const portRecords = ({
  service,
  protocol,
  port,
  owner,
  directory,
}: PortQuestion): readonly Answer[] | undefined => {
  const ofProtocol = targetsOf(service, directory).filter((target) => target.protocol === protocol);
  if (port === undefined) return ofProtocol.length === 0 ? undefined : [];
  const at = owner.split('.').slice(2).join('.');
  const records = ofProtocol
    .filter(({name}) => `_${name}` === port)
    .map(({hostname, port: number}) => ({
      hostname: hostname === undefined ? at : `${hostname}.${at}`,
      number,
    }));
  const different = new Map(records.map((record) => [`${record.hostname}:${record.number}`, record]));
  return existing(
    [...different.values()].map(({hostname, number}) => ({
      type: 'SRV' as const,
      name: owner,
      ttl,
      data: {priority: 0, weight: 100, port: number, target: hostname},
    })),
  );
};

/** The named ports of the Service; of a headless Service those of each of its endpoints. */
const targetsOf = (
  service: Service,
  directory: Directory,
): readonly (Port & {readonly hostname: string | undefined})[] =>
  service.clusterIps.length > 0
    ? service.ports.map((port) => ({...port, hostname: undefined}))
    : directory
        .subsets(service)
        .flatMap(({ready, ports}) =>
          ready.flatMap((endpoint) => ports.map((port) => ({...port, hostname: endpoint.hostname}))),
        );

/** `10-244-1-5` in any namespace, as CoreDNS answers with `pods insecure`. */
const podRecords = (path: readonly string[], owner: string): readonly Answer[] | undefined => {
  const [, pod, ...tooMany] = path;
  if (pod === undefined) return [];
  if (tooMany.length > 0) return undefined;
  const ip = [pod.replaceAll('-', '.'), pod.replaceAll('-', ':')].find((address, index) =>
    (index === 0 ? isIPv4 : isIPv6)(address),
  );
  return ip === undefined ? undefined : [addressRecord(owner, ip)];
};

const addressRecord = (name: string, ip: string): Answer => ({
  type: isIPv4(ip) ? 'A' : 'AAAA',
  name,
  ttl,
  data: ip,
});

/** The PTR records of an address; empty if it belongs to no Service. */
export const pointersAt = (reverseName: string, {name, directory}: Zone): readonly Answer[] => {
  const owners = directory.ownersOf(reverseName);
  const ofServices = owners.filter(({endpoint}) => endpoint === undefined);
  const targetOf = ({service, endpoint}: Owner): string =>
    [...(endpoint ? [endpoint.hostname] : []), service.name, service.namespace, 'svc', name].join('.');
  const targets = new Set((ofServices.length > 0 ? ofServices : owners).map(targetOf));
  return [...targets].map((data) => ({type: 'PTR', name: reverseName, ttl, data}));
};
