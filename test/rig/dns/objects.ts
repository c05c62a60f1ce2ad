/** Services and Endpoints as the API server of Kubernetes 1.20 has them. */
import type {ApiObject} from '../runtime/api-server.ts';

export const service = (
  path: string,
  spec: Record<string, unknown>,
  annotations: Record<string, string> = {},
): ApiObject => {
  const [namespace = '', name = ''] = path.split('/');
  return {metadata: {namespace, name, annotations}, spec: {type: 'ClusterIP', ...spec}} as ApiObject;
};

export const clusterIp = (path: string, ips: readonly string[], ...ports: readonly Port[]): ApiObject =>
  service(path, {clusterIP: ips[0], clusterIPs: ips, ports: ports.map(portFrom)});

export const headless = (path: string, ...ports: readonly Port[]): ApiObject =>
  service(path, {clusterIP: 'None', clusterIPs: ['None'], ports: ports.map(portFrom)});

export const alias = (path: string, externalName: string): ApiObject =>
  service(path, {type: 'ExternalName', externalName});

/** `['http', 80]` or `['dns', 53, 'UDP']`; an empty name is a port without a name. */
export type Port = readonly [name: string, port: number, protocol?: string];

const portFrom = ([name, port, protocol = 'TCP']: Port) => ({
  ...(name !== '' && {name}),
  port,
  protocol,
});

export interface Address {
  readonly ip: string;
  readonly hostname?: string;
}

export interface Subset {
  readonly ready?: readonly Address[];
  readonly notReady?: readonly Address[];
  readonly ports?: readonly Port[];
}

export const endpoints = (path: string, ...subsets: readonly Subset[]): ApiObject => {
  const [namespace = '', name = ''] = path.split('/');
  return {
    metadata: {namespace, name},
    subsets: subsets.map(({ready, notReady, ports = []}) => ({
      ...(ready && {addresses: ready}),
      ...(notReady && {notReadyAddresses: notReady}),
      ports: ports.map(portFrom),
    })),
  } as ApiObject;
};
