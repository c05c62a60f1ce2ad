/** The fields of Services and Endpoints that names are made of. The core/v1 API has them in every release. */
import {arrayOf, objectOf, stringOf} from '../../runtime/src/lib/json.ts';
import type {Resource} from '../../runtime/src/node/watch-resource.ts';

export interface Service {
  readonly namespace: string;
  readonly name: string;
  /** Addresses of one or both families; empty for a headless Service and for one of type ExternalName. */
  readonly clusterIps: readonly string[];
  /** The name that the Service is an alias of, without a dot at its end. */
  readonly externalName: string | undefined;
  readonly ports: readonly Port[];
  /** Whether endpoints that are not ready count, too. */
  readonly publishesNotReady: boolean;
}

/** A port with a name; others have no records. */
export interface Port {
  readonly name: string;
  /** `tcp`, `udp` or `sctp` */
  readonly protocol: string;
  readonly port: number;
}

/** The Endpoints of the Service with the same name. */
export interface EndpointSet {
  readonly namespace: string;
  readonly name: string;
  readonly subsets: readonly Subset[];
}

export interface Subset {
  readonly ready: readonly Endpoint[];
  readonly notReady: readonly Endpoint[];
  readonly ports: readonly Port[];
}

export interface Endpoint {
  readonly ip: string;
  /** Its own host name, or its address with dashes, as CoreDNS does. */
  readonly hostname: string;
}

export const servicesResource: Resource<Service> = {
  path: '/api/v1/services',
  itemOf: (object) => {
    const {metadata, spec: read} = objectOf(object);
    const {namespace, name, annotations} = objectOf(metadata);
    const spec = objectOf(read);
    const isAlias = spec['type'] === 'ExternalName';
    // `clusterIPs` is missing in releases before 1.20.
    const ips = [...new Set([spec['clusterIP'], ...arrayOf(spec['clusterIPs'])])].flatMap(
      (ip) => stringOf(ip) ?? [],
    );
    return {
      namespace: stringOf(namespace) ?? '',
      name: stringOf(name) ?? '',
      clusterIps: isAlias ? [] : ips.filter((ip) => ip !== '' && ip !== 'None'),
      externalName: isAlias ? nameFrom(spec['externalName']) : undefined,
      ports: portsOf(spec['ports']),
      publishesNotReady:
        spec['publishNotReadyAddresses'] === true ||
        objectOf(annotations)['service.alpha.kubernetes.io/tolerate-unready-endpoints'] === 'true',
    };
  },
};

/** The API server accepts labels that are too long for DNS. */
const nameFrom = (value: unknown): string | undefined => {
  const name = stringOf(value)?.toLowerCase().replace(/\.$/, '') ?? '';
  return /^[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(name) && name.length <= 253 ? name : undefined;
};

export const endpointsResource: Resource<EndpointSet> = {
  path: '/api/v1/endpoints',
  itemOf: (object) => {
    const {metadata, subsets} = objectOf(object);
    const {namespace, name} = objectOf(metadata);
    return {
      namespace: stringOf(namespace) ?? '',
      name: stringOf(name) ?? '',
      subsets: arrayOf(subsets)
        .map(objectOf)
        .map(({addresses, notReadyAddresses, ports}) => ({
          ready: endpointsOf(addresses),
          notReady: endpointsOf(notReadyAddresses),
          ports: portsOf(ports),
        })),
    };
  },
};

const endpointsOf = (addresses: unknown): readonly Endpoint[] =>
  arrayOf(addresses)
    .map(objectOf)
    .flatMap(({ip, hostname}) => {
      const address = stringOf(ip);
      return address === undefined
        ? []
        : [{ip: address, hostname: stringOf(hostname)?.toLowerCase() || address.replaceAll(/[.:]/g, '-')}];
    });

const portsOf = (ports: unknown): readonly Port[] =>
  arrayOf(ports)
    .map(objectOf)
    .flatMap(({name, protocol, port}) => {
      const text = stringOf(name);
      return text && typeof port === 'number'
        ? [{name: text.toLowerCase(), protocol: (stringOf(protocol) ?? 'TCP').toLowerCase(), port}]
        : [];
    });
