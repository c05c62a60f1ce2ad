/** A fake cluster whose sources agree that KNI gave the sample pod its network. */

import {hostOf} from './cli.ts';
import {node, printed} from './demo.ts';

const fields = {
  level: 'info',
  time: '2026-11-24T02:00:00.000Z',
  uid: 'u',
  pod: 'default/samplepod',
  netns: '/run/netns/kni-u',
};
const journal = [
  {...fields, msg: 'CreateNetwork ok', rpc: 'CreateNetwork'},
  {...fields, msg: 'AttachInterface ok', rpc: 'AttachInterface', sandbox: 'abc'},
  {...fields, msg: 'QueryPodNetwork ok', rpc: 'QueryPodNetwork', sandbox: 'abc'},
  {
    ...fields,
    msg: 'ipconfigs received for id: abc ip: map[eth0:ip:"10.244.1.5"]',
    rpc: 'QueryPodNetwork',
    sandbox: 'abc',
  },
];
/** The JSON of the sample pod; `ready` is the status of its condition Ready. */
export const pod = (ready: string): string =>
  JSON.stringify({
    metadata: {name: 'samplepod', uid: 'u'},
    spec: {nodeName: 'test1-worker'},
    status: {phase: 'Pending', podIP: '10.244.1.5', conditions: [{type: 'Ready', status: ready}]},
  });

/** A cluster whose pod got `address`, as the pod itself sees it. */
export const clusterWith = ({
  address = '10.244.1.5',
  found = pod('True'),
  nodeStart = '',
  cluster = 'test1',
  version = '{"gitVersion": "v1.20.2"}',
}: {
  readonly address?: string;
  readonly found?: string | (() => string);
  readonly nodeStart?: string;
  readonly cluster?: string;
  /** The answer of the API server when it is reached by its name. */
  readonly version?: string;
} = {}) =>
  hostOf((line) => {
    if (line.startsWith('docker ps'))
      return printed(node('test1-control-plane', {cluster}), node('test1-worker', {cluster})).join('\n');
    if (line.startsWith('docker inspect')) return nodeStart;
    if (line.includes(' get -n default pods ')) return typeof found === 'string' ? found : found();
    if (line.includes('containers list')) return 'abc';
    if (line.includes('containers info'))
      return JSON.stringify({Spec: {linux: {namespaces: [{type: 'network', path: '/run/netns/kni-u'}]}}});
    if (line.includes('journalctl')) return journal.map((each) => JSON.stringify(each)).join('\n');
    if (line.includes('https://kubernetes.default/version')) return version;
    return line.includes('ip addr') ? `    inet ${address}/24 scope global eth0` : '';
  });
