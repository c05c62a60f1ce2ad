/** The events of a pod's life, with the times of a real run. */

import {type MadePod, netnsOf, sandboxOf, type Timed, timed} from './made-pod.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Bodies {
  readonly request?: object;
  readonly response?: object;
}

const textOf = (body: object | undefined): string | undefined => body && JSON.stringify(body);

/** As the kubelet and the network runtime of this project exchange it. */
const attachBodies = (made: MadePod, netns: string): Bodies => {
  const [namespace, name] = made.pod.split('/');
  const {hostPort, uid} = made;
  return {
    request: {
      name,
      id: sandboxOf(made),
      namespace,
      isolation: {path: netns, type: 'netns'},
      dnsConfig: {servers: ['10.96.0.10'], searches: ['default.svc.cluster.local'], options: ['ndots:5']},
      ...(hostPort !== undefined && {portMappings: [{containerPort: 80, hostPort}]}),
      labels: {app: name},
      annotations: {'example.org/token': '(hidden)'},
      extradata: {uid, attempt: '0'},
    },
    response: {
      ipconfigs: {
        eth0: {
          ip: [made.address],
          mac: '2e:0d:2b:9b:96:3c',
          extradata: {prefixes: `${made.address}/24`, gateway: '10.244.1.1', network: 'kni'},
        },
      },
      extradata: {netns},
    },
  };
};

/** Writes events of one pod. Times are in ms after `at`, and calls are numbered from `call`. */
const writer = (made: MadePod, at: number, call: number) => {
  const {pod, uid, node} = made;
  const sandbox = sandboxOf(made);
  const network = {network: 'kni', interface: 'eth0'};
  const event = (ms: number, source: string, kind: string, fields: Fields = {}): Timed =>
    timed(at + ms * 1000, {type: 'event', version: 1, pod, uid, node, source, kind, ...fields});
  const runtime = (ms: number, kind: string, fields: Fields = {}): Timed =>
    event(ms, 'runtime', kind, fields);
  const log = (ms: number, fields: Fields): Timed =>
    timed(at + ms * 1000, {type: 'log', level: 'info', node, pod, uid, sandbox, ...fields});
  return {
    event,
    runtime,
    log,
    containerd: (ms: number, kind: string, fields: Fields = {}) =>
      event(ms, 'containerd', kind, {sandbox, ...fields}),
    /** Its beginning, its end and its line in the log. */
    rpc: (
      from: number,
      ms: number,
      number: number,
      rpc: string,
      fields: Fields = {},
      {request, response}: Bodies = {},
    ): readonly Timed[] => [
      runtime(from, 'rpc-began', {rpc, call: call + number, request: textOf(request)}),
      runtime(from + ms, 'rpc-ended', {
        rpc,
        call: call + number,
        ms,
        status: 'OK',
        sandbox,
        response: textOf(response),
        ...fields,
      }),
      log(from + ms + 0.2, {
        rpc,
        msg: `${rpc} ${fields['error'] === undefined ? 'ok' : 'failed'}`,
        ms,
        ...fields,
      }),
    ],
    plugin: (
      from: number,
      ms: number,
      number: number,
      name: string,
      fields: Fields = {},
    ): readonly Timed[] => {
      const known = {
        plugin: name.split(' ')[0],
        command: name.split(' ')[1],
        call: call + number,
        sandbox,
        ...network,
      };
      return [
        runtime(from, 'plugin-began', known),
        runtime(from + ms, 'plugin-ended', {...known, ms, ...fields}),
      ];
    },
  };
};

export const podCreated = (made: MadePod, at: number): readonly Timed[] => {
  const {event} = writer(made, at, 0);
  // The API server knows the creation to the second.
  const late = (at % 1_000_000) / 1000;
  return [event(-late, 'api', 'pod-created'), event(37, 'api', 'pod-scheduled')];
};

/** From the mount of its volume until it is Ready. */
export const podStarts = (made: MadePod, at: number, call = 0): readonly Timed[] => {
  const {event, runtime, containerd, rpc, plugin} = writer(made, at, call);
  const netns = `/run/netns/${netnsOf(made)}`;
  const address = `${made.address}/24`;
  return [
    event(81, 'kubelet', 'volume-mount'),
    ...rpc(328, 4, 1, 'CreateNetwork', {netns}),
    runtime(331, 'netns-created', {netns}),
    containerd(335, 'sandbox-starting'),
    containerd(444, 'sandbox-started'),
    ...rpc(446, 29, 2, 'AttachInterface', {netns}, attachBodies(made, netns)),
    ...plugin(448, 21.4, 3, 'bridge ADD'),
    ...plugin(470, 2.1, 4, 'portmap ADD'),
    runtime(473, 'address-assigned', {address, interface: 'eth0', network: 'kni'}),
    ...rpc(478, 0.3, 5, 'QueryPodNetwork'),
    containerd(504, 'container-creating'),
    containerd(540, 'container-created', {container: 'c1'}),
    containerd(545, 'container-starting', {container: 'c1'}),
    containerd(688, 'container-started', {container: 'c1'}),
    event(1_220, 'api', 'pod-ip', {address: made.address}),
    event(1_221, 'api', 'pod-ready', {address: made.address}),
  ];
};

export const podStart = (made: MadePod, at: number, call = 0): readonly Timed[] => [
  ...podCreated(made, at),
  ...podStarts(made, at, call),
];

export const failure =
  'plugin portmap failed (ADD): unable to create chain CNI-HOSTPORT-SETMARK: exit status 4';

/** An attempt whose second plugin fails: the runtime undoes what the first one did. */
export const podFails = (made: MadePod, at: number, call = 0): readonly Timed[] => {
  const {event, runtime, containerd, rpc, plugin} = writer(made, at, call);
  const netns = `/run/netns/${netnsOf(made)}`;
  return [
    event(81, 'kubelet', 'volume-mount'),
    ...rpc(328, 4, 1, 'CreateNetwork', {netns}),
    runtime(331, 'netns-created', {netns}),
    containerd(335, 'sandbox-starting'),
    containerd(444, 'sandbox-started'),
    ...rpc(446, 74, 2, 'AttachInterface', {status: 'INTERNAL', error: failure, level: 'error'}),
    ...plugin(448, 21.4, 3, 'bridge ADD'),
    ...plugin(470, 12, 4, 'portmap ADD', {error: failure}),
    ...plugin(483, 6, 5, 'portmap DEL'),
    ...plugin(490, 28, 6, 'bridge DEL'),
    containerd(525, 'sandbox-stopping'),
    containerd(610, 'sandbox-stopped'),
    ...rpc(612, 4, 7, 'DeleteNetwork'),
    runtime(615, 'netns-deleted', {netns}),
  ];
};

export const podEnds = (made: MadePod, at: number, call = 50): readonly Timed[] => {
  const {event, runtime, containerd, rpc, plugin} = writer(made, at, call);
  return [
    event(0, 'api', 'pod-deleting'),
    containerd(20, 'sandbox-stopping'),
    ...rpc(30, 42, 1, 'DetachInterface'),
    ...plugin(32, 4, 2, 'portmap DEL'),
    ...plugin(37, 33, 3, 'bridge DEL'),
    runtime(71, 'address-released', {address: `${made.address}/24`, interface: 'eth0'}),
    containerd(110, 'sandbox-stopped'),
    ...rpc(112, 2.6, 4, 'DeleteNetwork'),
    runtime(114, 'netns-deleted', {netns: `/run/netns/${netnsOf(made)}`}),
    containerd(400, 'sandbox-removing'),
    containerd(412, 'sandbox-removed'),
    event(900, 'api', 'pod-gone'),
  ];
};
