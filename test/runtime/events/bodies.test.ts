import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {create, toBinary} from '@bufbuild/protobuf';
import {status} from '@grpc/grpc-js';
import {describe, expect, it} from 'vitest';
import {messageText, pluginText} from '../../../runtime/src/events/bodies.ts';
import {type EventFields, shortError} from '../../../runtime/src/events/event.ts';
import {createEvents} from '../../../runtime/src/events/events.ts';
import {observeRpcs} from '../../../runtime/src/events/observe-rpcs.ts';
import {
  AttachInterfaceRequestSchema,
  AttachInterfaceResponseSchema,
  QueryNodeNetworksRequestSchema,
} from '../../../runtime/src/gen/kni_pb.ts';

const secret = 'SECRET-of-a-pod';
const request = create(AttachInterfaceRequestSchema, {
  name: 'web',
  namespace: 'default',
  labels: {app: 'web'},
  annotations: {'example.org/token': secret},
  extradata: {uid: 'u1', 'example.org/password': secret},
  isolation: {path: '/run/netns/a', type: 'netns', extradata: {key: secret}},
});
const response = create(AttachInterfaceResponseSchema, {
  ipconfigs: {eth0: {ip: ['10.244.1.2'], mac: '2e:0d:2b:9b:96:3c', extradata: {network: 'kni', own: secret}}},
});

const longName = (index: number): string => `${index} ${'n'.repeat(500_000)}`;

describe('a request or response', () => {
  it('has names and labels, but of annotations and unknown extradata only the keys', () => {
    expect(JSON.parse(messageText(AttachInterfaceRequestSchema, request) ?? '')).toEqual({
      name: 'web',
      namespace: 'default',
      labels: {app: 'web'},
      annotations: {'example.org/token': '(hidden)'},
      extradata: {uid: 'u1', 'example.org/password': '(hidden)'},
      isolation: {path: '/run/netns/a', type: 'netns', extradata: {key: '(hidden)'}},
    });
  });

  it('may be encoded', () => {
    const bytes = toBinary(AttachInterfaceResponseSchema, response);
    expect(JSON.parse(messageText(AttachInterfaceResponseSchema, bytes) ?? '')).toEqual({
      ipconfigs: {
        eth0: {ip: ['10.244.1.2'], mac: '2e:0d:2b:9b:96:3c', extradata: {network: 'kni', own: '(hidden)'}},
      },
    });
    expect(messageText(AttachInterfaceResponseSchema, new Uint8Array([255]))).toBeUndefined();
  });

  it('is cut when it is long', () => {
    const long = create(AttachInterfaceRequestSchema, {name: 'n'.repeat(10_000)});
    const text = messageText(AttachInterfaceRequestSchema, long) ?? '';
    expect(text).toHaveLength(4_001);
    expect(text.endsWith('n…')).toBe(true);
  });

  it('does not keep the whole text in memory when it is cut', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = heap();
    const cut = Array.from({length: 100}, (_, index) => [
      messageText(
        AttachInterfaceRequestSchema,
        create(AttachInterfaceRequestSchema, {name: longName(index)}),
      ),
      shortError(longName(index)),
    ]);
    expect(heap() - before).toBeLessThan(20_000_000);
    expect(cut.flat().every((text) => text?.endsWith('n…'))).toBe(true);
  });
});

describe('the configuration of a plugin', () => {
  it('has the values that the CNI spec and the usual plugins know, and hides others at any depth', () => {
    const config = {
      cniVersion: '1.0.0',
      type: 'bridge',
      bridge: 'kni0',
      password: secret,
      args: {cni: {token: secret}},
      ipam: {type: 'host-local', ranges: [[{subnet: '10.244.1.0/24', key: secret}]]},
      runtimeConfig: {portMappings: [{hostPort: 80}], 'io.kubernetes.cri.pod-annotations': {token: secret}},
    };
    expect(JSON.parse(pluginText(() => JSON.stringify(config)) ?? '')).toEqual({
      cniVersion: '1.0.0',
      type: 'bridge',
      bridge: 'kni0',
      password: '(hidden)',
      args: '(hidden)',
      ipam: {type: 'host-local', ranges: [[{subnet: '10.244.1.0/24', key: '(hidden)'}]]},
      runtimeConfig: {portMappings: [{hostPort: 80}], 'io.kubernetes.cri.pod-annotations': '(hidden)'},
    });
  });

  it('has options of DNS, but hides those of a plugin', () => {
    const config = {type: 'mount', options: [`password=${secret}`], dns: {options: ['ndots:5'], key: secret}};
    expect(JSON.parse(pluginText(() => JSON.stringify(config)) ?? '')).toEqual({
      type: 'mount',
      options: '(hidden)',
      dns: {options: ['ndots:5'], key: '(hidden)'},
    });
  });

  it('has the attachments of GC', () => {
    const attachments = [{containerID: 'c1', ifname: 'eth0'}];
    const config = {
      type: 'bridge',
      'cni.dev/valid-attachments': attachments,
      'cni.dev/attachments': attachments,
    };
    expect(JSON.parse(pluginText(() => JSON.stringify(config)) ?? '')).toEqual(config);
  });

  it('is left out if it is not JSON, or cannot be made', () => {
    expect(pluginText(() => 'no JSON')).toBeUndefined();
    expect(
      pluginText(() => {
        throw new Error('invalid interface name');
      }),
    ).toBeUndefined();
  });
});

describe('the events of a call', () => {
  const attach = (observe: ReturnType<typeof observeRpcs>) =>
    observe({name: 'AttachInterface'}, request)(status.OK, {}, {response});

  it('have its request and its response for a reader', async () => {
    const events = createEvents();
    const seen: EventFields[] = [];
    const observe = observeRpcs(() => undefined, events.emit);
    const send = (some: readonly EventFields[]) => seen.push(...some) > 0;
    const reader = events.watch({past: false, follow: true, send, onEnd: () => undefined});
    attach(observe);
    observe({name: 'QueryNodeNetworks', routine: true}, create(QueryNodeNetworksRequestSchema))(
      status.OK,
      {},
    );
    reader.stop();
    expect(seen.map(({rpc, request: asked, response: answered}) => [rpc, asked, answered])).toEqual([
      ['AttachInterface', messageText(AttachInterfaceRequestSchema, request), undefined],
      ['AttachInterface', undefined, messageText(AttachInterfaceResponseSchema, response)],
      ['QueryNodeNetworks', undefined, undefined],
      ['QueryNodeNetworks', undefined, undefined],
    ]);
  });

  it('are not made without a reader, nor later for a new reader', () => {
    const events = createEvents();
    const seen: EventFields[] = [];
    let made = 0;
    attach(
      observeRpcs(
        () => undefined,
        (fields, more) =>
          events.emit(fields, () => {
            made += 1;
            return more?.() ?? {};
          }),
      ),
    );
    const send = (some: readonly EventFields[]) => seen.push(...some) > 0;
    events.watch({past: true, follow: true, send, onEnd: () => undefined}).stop();
    expect(made).toBe(0);
    expect(seen.map(({kind, request: asked, response: answered}) => [kind, asked, answered])).toEqual([
      ['rpc-began', undefined, undefined],
      ['rpc-ended', undefined, undefined],
    ]);
  });
});
