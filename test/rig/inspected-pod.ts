/** A pod as its record, the kernel, the API server and the journal of its node show it. */

import type {Command} from '../../src/host/host.ts';
import {listNodeContainers} from '../../src/tools/docker.ts';
import {runtimeJournal} from '../../src/tools/journalctl.ts';
import {getJson} from '../../src/tools/kubectl.ts';
import {exchange, node, printed} from './demo.ts';

export const [control, worker] = [node('test1-control-plane'), node('test1-worker')];

export const inNode = (name: string, [file, args]: Command): Command => [
  'docker',
  ['exec', name, file, ...args],
];

export const onWorker = (command: Command, ...output: readonly string[]): string =>
  exchange(inNode(worker.name, command), ...output);

export const ps = (...nodes: (typeof control)[]): string =>
  exchange(listNodeContainers('test1'), ...printed(...nodes));

export const api = (...output: readonly string[]): string =>
  ps(control, worker) +
  exchange(inNode(control.name, getJson('-n', 'default', 'pods', '--ignore-not-found', 'a')), ...output);

export const pod = (spec: object = {}, status: object = {}): string =>
  JSON.stringify({
    metadata: {uid: 'uid-1'},
    spec: {nodeName: worker.name, ...spec},
    status: {
      phase: 'Running',
      podIP: '10.244.1.5',
      podIPs: [{ip: '10.244.1.5'}],
      conditions: [{type: 'Ready', status: 'True'}],
      ...status,
    },
  });

export const netns = '/run/netns/kni-1';

export const record = (rest: object = {}): string =>
  JSON.stringify({
    network: {
      correlation: 'uid-1-key',
      uid: 'uid-1',
      sandbox: 'sandbox-1',
      netns,
      state: 'attached',
      interfaces: [
        {
          name: 'eth0',
          network: 'kni',
          mac: 'aa:aa:aa:aa:aa:aa',
          addresses: [{cidr: '10.244.1.5/24', gateway: '10.244.1.1'}],
        },
      ],
    },
    attachments: [
      {
        network: 'kni',
        interface: 'eth0',
        hostInterfaces: ['kni0', 'veth1'],
        routes: [{to: '0.0.0.0/0'}],
        dns: {servers: ['10.96.0.10'], searches: ['default.svc.cluster.local', 'svc.cluster.local']},
      },
    ],
    ...rest,
  });

export const routes = [
  {dst: 'default', gateway: '10.244.1.1', dev: 'eth0'},
  {dst: '10.244.1.0/24', dev: 'eth0'},
];

export const journal = (grep: string, ...output: readonly string[]): string =>
  onWorker(runtimeJournal({pattern: grep}), ...output);
