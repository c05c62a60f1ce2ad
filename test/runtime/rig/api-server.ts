/** A small API server over real TLS: lists and watches nodes, for clients with a certificate. */
import type {ServerResponse} from 'node:http';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {type Authority, createAuthority} from './certificates.ts';

export interface ApiServer extends AsyncDisposable {
  readonly authority: Authority;
  /** 0 is any port; a path is a unix socket. */
  readonly listen: (on: number | string) => Promise<number>;
  readonly close: () => Promise<void>;
  readonly setNodes: (nodes: readonly ApiNode[]) => void;
  /** Answers with this status from now on; 200 is normal. */
  readonly answer: (statusCode: number) => void;
  /** Ends the watches: cleanly, or with a 410 event first, or by cutting the connection. */
  readonly endWatches: (how: 'clean' | 'expired' | 'cut') => void;
  /** Common names of the clients of every request, with its path. */
  readonly requests: string[];
}

export interface ApiNode {
  readonly name: string;
  readonly podCIDR?: string;
  readonly internalIp?: string;
}

export const startApiServer = (authority = createAuthority()): ApiServer => {
  let nodes: readonly ApiNode[] = [];
  let version = 1;
  let statusCode = 200;
  const requests: string[] = [];
  const watches = new Set<ServerResponse>();
  const history: {version: number; line: string}[] = [];
  const tls = {
    ...authority.issue('api-server'),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  };

  const server = createServer(tls, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://api');
    const client = 'getPeerCertificate' in request.socket ? peerOf(request.socket) : '';
    requests.push(`${client} ${url.pathname}${url.searchParams.has('watch') ? '?watch' : ''}`);
    response.writeHead(statusCode, {'content-type': 'application/json'});
    if (statusCode !== 200) response.end('{"kind":"Status","message":"refused"}');
    else if (url.searchParams.has('watch')) {
      response.flushHeaders();
      const since = Number(url.searchParams.get('resourceVersion'));
      for (const event of history) if (event.version > since) response.write(event.line);
      watches.add(response);
      response.on('close', () => watches.delete(response));
    } else {
      const metadata = {resourceVersion: String(version)};
      response.end(JSON.stringify({kind: 'NodeList', metadata, items: nodes.map(nodeObject)}));
    }
  });
  const tell = (type: string, object: unknown) => {
    const line = `${JSON.stringify({type, object})}\n`;
    if (type !== 'ERROR') history.push({version, line});
    for (const watch of watches) watch.write(line);
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    authority,
    requests,
    listen: (on) =>
      new Promise((resolve) => {
        server.listen(on, () => resolve((server.address() as AddressInfo).port));
      }),
    close,
    setNodes: (next) => {
      version++;
      for (const node of next) tell('MODIFIED', nodeObject(node));
      for (const node of nodes)
        if (!next.some(({name}) => name === node.name)) tell('DELETED', nodeObject(node));
      nodes = next;
    },
    answer: (code) => {
      statusCode = code;
    },
    endWatches: (how) => {
      if (how === 'expired') tell('ERROR', {kind: 'Status', code: 410, message: 'too old resource version'});
      for (const watch of watches) {
        if (how === 'cut') watch.destroy();
        else watch.end();
      }
      watches.clear();
    },
    [Symbol.asyncDispose]: close,
  };
};

const nodeObject = ({name, podCIDR, internalIp}: ApiNode) => ({
  metadata: {name},
  spec: {...(podCIDR && {podCIDR, podCIDRs: [podCIDR]})},
  status: {
    addresses: [
      {type: 'Hostname', address: name},
      ...(internalIp ? [{type: 'InternalIP', address: internalIp}] : []),
    ],
  },
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
