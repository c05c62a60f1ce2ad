/** The Services and Endpoints of the cluster, found by name and by address. */
import ipaddr from 'ipaddr.js';
import type {Endpoint, EndpointSet, Service, Subset} from './objects.ts';

export interface Directory {
  readonly hasNamespace: (namespace: string) => boolean;
  readonly service: (namespace: string, name: string) => Service | undefined;
  /** The subsets of a Service; `ready` holds the endpoints that count for it. */
  readonly subsets: (service: Service) => readonly Pick<Subset, 'ready' | 'ports'>[];
  /** The addresses of these endpoints by host name, which is in lower case. */
  readonly hosts: (service: Service) => Hosts;
  /** The Services and pods of an address, by its name in in-addr.arpa or ip6.arpa. */
  readonly ownersOf: (reverseName: string) => readonly Owner[];
  /** Whether both lists were read once. They stay valid while the API server is down. */
  readonly isSynced: () => boolean;
  readonly replaceServices: (services: readonly Service[]) => void;
  readonly replaceEndpoints: (endpoints: readonly EndpointSet[]) => void;
}

export type Hosts = ReadonlyMap<string, ReadonlySet<string>>;

export interface Owner {
  readonly service: Service;
  /** Undefined if the address is that of the Service itself. */
  readonly endpoint: Endpoint | undefined;
}

const keyOf = ({namespace, name}: Pick<Service, 'namespace' | 'name'>): string => `${namespace}/${name}`;

export const createDirectory = (): Directory => {
  let services: ReadonlyMap<string, Service> | undefined;
  let endpoints: ReadonlyMap<string, EndpointSet> | undefined;
  let namespaces: ReadonlySet<string> = new Set();
  let owners: ReadonlyMap<string, readonly Owner[]> | undefined;

  const subsets: Directory['subsets'] = (service) =>
    (endpoints?.get(keyOf(service))?.subsets ?? []).map(({ready, notReady, ports}) => ({
      ready: service.publishesNotReady ? [...ready, ...notReady] : ready,
      ports,
    }));

  /** Keyed by what was read: it stays the same object until the Endpoints, or the Service, change. */
  const hostsOf = new WeakMap<EndpointSet, {readonly of: Service; readonly hosts: Hosts}>();
  const hosts: Directory['hosts'] = (service) => {
    const set = endpoints?.get(keyOf(service));
    if (set === undefined) return new Map();
    const known = hostsOf.get(set);
    if (known?.of === service) return known.hosts;
    const made = indexHosts(subsets(service));
    hostsOf.set(set, {of: service, hosts: made});
    return made;
  };

  /** Made for the first question after a change: most changes are followed by no such question. */
  const indexOwners = (): ReadonlyMap<string, readonly Owner[]> => {
    const index = new Map<string, Owner[]>();
    const add = (ip: string, owner: Owner): void => {
      const name = reverseNameOf(ip);
      if (name === undefined) return;
      const known = index.get(name);
      if (known) known.push(owner);
      else index.set(name, [owner]);
    };
    for (const service of services?.values() ?? []) {
      for (const ip of service.clusterIps) add(ip, {service, endpoint: undefined});
      for (const {ready} of subsets(service))
        for (const endpoint of ready) add(endpoint.ip, {service, endpoint});
    }
    return index;
  };

  return {
    hasNamespace: (namespace) => namespaces.has(namespace),
    service: (namespace, name) => services?.get(`${namespace}/${name}`),
    subsets,
    hosts,
    ownersOf: (reverseName) => {
      owners ??= indexOwners();
      return owners.get(reverseName) ?? [];
    },
    isSynced: () => services !== undefined && endpoints !== undefined,
    replaceServices: (read) => {
      services = new Map(read.map((service) => [keyOf(service), service]));
      namespaces = new Set(read.map(({namespace}) => namespace));
      owners = undefined;
    },
    replaceEndpoints: (read) => {
      endpoints = new Map(read.map((each) => [keyOf(each), each]));
      owners = undefined;
    },
  };
};

const indexHosts = (subsets: ReturnType<Directory['subsets']>): Hosts => {
  const index = new Map<string, Set<string>>();
  for (const {ready} of subsets)
    for (const {hostname, ip} of ready) {
      const known = index.get(hostname);
      if (known) known.add(ip);
      else index.set(hostname, new Set([ip]));
    }
  return index;
};

/** `10.96.0.1` → `1.0.96.10.in-addr.arpa`. Undefined for an invalid address. */
export const reverseNameOf = (ip: string): string | undefined => {
  if (!ipaddr.isValid(ip)) return undefined;
  const address = ipaddr.parse(ip);
  const bytes = address.toByteArray();
  return address.kind() === 'ipv4'
    ? `${bytes.toReversed().join('.')}.in-addr.arpa`
    : `${bytes
        .flatMap((byte) => [byte >> 4, byte & 15].map((nibble) => nibble.toString(16)))
        .reverse()
        .join('.')}.ip6.arpa`;
};
