/** The Services and Endpoints of the cluster, found by name and by address. */
import ipaddr from 'ipaddr.js';
import type {Endpoint, EndpointSet, Service, Subset} from './objects.ts';

export interface Directory {
  readonly hasNamespace: (namespace: string) => boolean;
  readonly service: (namespace: string, name: string) => Service | undefined;
  /** The subsets of a Service; `ready` holds the endpoints that count for it. */
  readonly subsets: (service: Service) => readonly Pick<Subset, 'ready' | 'ports'>[];
  /** What an address belongs to, by its name in in-addr.arpa or ip6.arpa. */
  readonly ownersOf: (reverseName: string) => readonly Owner[];
  /** Whether both lists were read once. They stay valid while the API server is down. */
  readonly isSynced: () => boolean;
  readonly replaceServices: (services: readonly Service[]) => void;
  readonly replaceEndpoints: (endpoints: readonly EndpointSet[]) => void;
}

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

  /** Made for the first question after a change: most changes are followed by no such question. */
  const indexOwners = (): ReadonlyMap<string, readonly Owner[]> => {
    const index = new Map<string, Owner[]>();
    const add = (ip: string, owner: Owner): void => {
      const name = reverseNameOf(ip);
      if (name !== undefined) index.set(name, [...(index.get(name) ?? []), owner]);
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
