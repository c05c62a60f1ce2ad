/** A small API server over real TLS: lists and watches objects, for clients with a certificate or a token. */
import type {ServerResponse} from 'node:http';
import {createServer} from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import {vi} from 'vitest';
import {type Authority, createAuthority} from './certificates.ts';

export interface ApiServer extends AsyncDisposable {
  readonly authority: Authority;
  /** 0 is any port; a path is a unix socket. */
  readonly listen: (on: number | string) => Promise<number>;
  readonly close: () => Promise<void>;
  readonly setNodes: (nodes: readonly ApiNode[]) => void;
  /** `undefined`, as at first: the API server does not know the resource. */
  readonly setDefinitions: (definitions: readonly ApiDefinition[] | undefined) => void;
  /** Services or Endpoints, as the API has them. `undefined`, as at first: the API server does not know the resource. */
  readonly setObjects: (what: 'services' | 'endpoints', objects: readonly ApiObject[] | undefined) => void;
  /** Answers with this status from now on; 200 is normal. */
  readonly answer: (statusCode: number) => void;
  /** Resolves when a client watches the resource, which it does after it has read the list. */
  readonly watched: (what?: keyof typeof paths) => Promise<void>;
  /** Ends the watch of a resource: cleanly, with a 410 event first, or by cutting the connection. */
  readonly endWatches: (how: 'clean' | 'expired' | 'cut', what?: keyof typeof paths) => Promise<void>;
  /** Common names of the clients of every request, with its path. */
  readonly requests: string[];
}

export interface ApiNode {
  readonly name: string;
  readonly podCIDR?: string;
  readonly internalIp?: string;
  /** In place of the single ones, for two families. */
  readonly podCIDRs?: readonly string[];
  readonly internalIps?: readonly string[];
  readonly creationTimestamp?: string;
}

export interface ApiDefinition {
  readonly namespace: string;
  readonly name: string;
  readonly config?: string;
}

export interface ApiObject {
  readonly metadata: {readonly namespace?: string; readonly name: string};
}

interface Collection {
  /** `undefined` when the API server does not know the resource. */
  objects: readonly ApiObject[] | undefined;
  readonly watches: Set<ServerResponse>;
  readonly history: {version: number; line: string}[];
}

const paths = {
  nodes: '/api/v1/nodes',
  definitions: '/apis/k8s.cni.cncf.io/v1/network-attachment-definitions',
  services: '/api/v1/services',
  endpoints: '/api/v1/endpoints',
} as const;

/** With a token, clients need it instead of a certificate. */
export const startApiServer = (authority = createAuthority(), token?: string): ApiServer => {
  const collections = new Map<string, Collection>([
    [paths.nodes, {objects: [], watches: new Set(), history: []}],
    ...[paths.definitions, paths.services, paths.endpoints].map((path): [string, Collection] => [
      path,
      {objects: undefined, watches: new Set(), history: []},
    ]),
  ]);
  let version = 1;
  let statusCode = 200;
  const requests: string[] = [];
  const tls = {
    ...authority.issue('api-server'),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: token === undefined,
  };

  const server = createServer(tls, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://api');
    const client = 'getPeerCertificate' in request.socket ? peerOf(request.socket) : '';
    requests.push(`${client} ${url.pathname}${url.searchParams.has('watch') ? '?watch' : ''}`);
    const collection = collections.get(url.pathname);
    const known = collection?.objects ? 200 : 404;
    const allowed = token === undefined || request.headers.authorization === `Bearer ${token}` ? known : 401;
    const status = statusCode === 200 ? allowed : statusCode;
    response.writeHead(status, {'content-type': 'application/json'});
    if (status !== 200 || !collection) response.end('{"kind":"Status","message":"refused"}');
    else if (url.searchParams.has('watch')) {
      response.flushHeaders();
      const since = Number(url.searchParams.get('resourceVersion'));
      for (const event of collection.history) if (event.version > since) response.write(event.line);
      collection.watches.add(response);
      response.on('close', () => collection.watches.delete(response));
    } else {
      const metadata = {resourceVersion: String(version)};
      response.end(JSON.stringify({kind: 'List', metadata, items: collection.objects}));
    }
  });
  const tell = ({watches, history}: Collection, type: string, object: unknown) => {
    const line = `${JSON.stringify({type, object})}\n`;
    if (type !== 'ERROR') history.push({version, line});
    for (const watch of watches) watch.write(line);
  };
  const collectionAt = (path: string): Collection => {
    const collection = collections.get(path);
    if (!collection) throw new Error(`no collection ${path}`);
    return collection;
  };
  const replace = (path: string, next: readonly ApiObject[] | undefined) => {
    const collection = collectionAt(path);
    version++;
    const isStill = ({metadata}: ApiObject) =>
      next?.some((each) => JSON.stringify(each.metadata) === JSON.stringify(metadata));
    for (const object of next ?? []) tell(collection, 'MODIFIED', object);
    for (const object of collection.objects ?? []) if (!isStill(object)) tell(collection, 'DELETED', object);
    collection.objects = next;
  };
  /** `closeAllConnections` knows none that is in the middle of its TLS handshake. */
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  const watched = async (what: keyof typeof paths = 'nodes') => {
    const {watches} = collectionAt(paths[what]);
    await vi.waitUntil(() => watches.size > 0, {timeout: 60_000, interval: 5});
  };
  return {
    authority,
    requests,
    listen: (on) =>
      new Promise((resolve) => {
        server.listen(on, () => resolve((server.address() as AddressInfo).port));
      }),
    close,
    setNodes: (nodes) => replace(paths.nodes, nodes.map(nodeObject)),
    setObjects: (what, objects) => replace(paths[what], objects),
    setDefinitions: (definitions) => replace(paths.definitions, definitions?.map(definitionObject)),
    answer: (code) => {
      statusCode = code;
    },
    watched,
    endWatches: async (how, what = 'nodes') => {
      await watched(what);
      const collection = collectionAt(paths[what]);
      const {watches} = collection;
      if (how === 'expired')
        tell(collection, 'ERROR', {kind: 'Status', code: 410, message: 'too old resource version'});
      for (const watch of watches) {
        if (how === 'cut') watch.destroy();
        else watch.end();
      }
      watches.clear();
    },
    [Symbol.asyncDispose]: close,
  };
};

const nodeObject = ({name, podCIDR, internalIp, podCIDRs, internalIps, creationTimestamp}: ApiNode) => {
  const cidrs = podCIDRs ?? (podCIDR === undefined ? [] : [podCIDR]);
  const ips = internalIps ?? (internalIp === undefined ? [] : [internalIp]);
  return {
    metadata: {name, ...(creationTimestamp !== undefined && {creationTimestamp})},
    spec: {...(cidrs.length > 0 && {podCIDR: cidrs[0], podCIDRs: cidrs})},
    status: {
      addresses: [
        {type: 'Hostname', address: name},
        ...ips.map((address) => ({type: 'InternalIP', address})),
      ],
    },
  };
};

const definitionObject = ({namespace, name, config}: ApiDefinition) => ({
  metadata: {namespace, name},
  ...(config !== undefined && {spec: {config}}),
});

const peerOf = (socket: object): string => {
  const peer = (socket as {getPeerCertificate: () => {subject?: {CN?: string}}}).getPeerCertificate();
  return peer.subject?.CN ?? '';
};

/** As kubeadm writes it for a kubelet, with the certificate in a file. */
export const kubeconfigFor = (server: string, ca: string, certificatePath: string): string => `apiVersion: v1
kind: Config
clusters:
- name: default-cluster
  cluster:
    certificate-authority-data: ${Buffer.from(ca).toString('base64')}
    server: ${server}
contexts:
- name: default-context
  context: {cluster: default-cluster, namespace: default, user: default-auth}
current-context: default-context
users:
- name: default-auth
  user:
    client-certificate: ${certificatePath}
    client-key: ${certificatePath}
`;
