import {setTimeout as delay} from 'node:timers/promises';
import {create} from '@bufbuild/protobuf';
import {Client, credentials, Metadata, Server, ServerCredentials, status} from '@grpc/grpc-js';
import {describe, expect, it} from 'vitest';
import {
  CniError,
  InvalidConfig,
  InvalidParameter,
  NotAdded,
  PluginFailed,
} from '../../../runtime/src/cni/errors.ts';
import {Health, HealthCheckRequestSchema} from '../../../runtime/src/gen/health_pb.ts';
import {CallerGone, DeadlineExceeded} from '../../../runtime/src/lib/deadline.ts';
import {Busy} from '../../../runtime/src/lib/gate.ts';
import {
  AddressInUse,
  AddressMissing,
  CleanupUnfinished,
  Conflict,
  InvalidRequest,
  NetnsFailed,
  NetworkBusy,
  NetworkUnavailable,
  NotAllowed,
  StoreFailed,
  TooManyCleanups,
  UnknownNetwork,
  WrongState,
} from '../../../runtime/src/network/errors.ts';
import {NodeNotReady} from '../../../runtime/src/node/errors.ts';
import {ToolFailed} from '../../../runtime/src/process/tool.ts';
import {createHealth} from '../../../runtime/src/server/health.ts';
import {serviceDefinitionOf} from '../../../runtime/src/server/service-definition.ts';
import {statusOf} from '../../../runtime/src/server/status.ts';
import {causeOf, statusDetailsOf} from '../../../runtime/src/server/status-details.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('the cause of an error', () => {
  it.each<[string, unknown]>([
    ['UNKNOWN_NETWORK', new UnknownNetwork('x')],
    ['INVALID_REQUEST', new InvalidRequest('x')],
    ['NOT_ALLOWED', new NotAllowed('x')],
    ['WRONG_STATE', new WrongState('x')],
    ['CONFLICT', new Conflict('x')],
    ['ADDRESS_IN_USE', new AddressInUse('x')],
    ['ADDRESS_MISSING', new AddressMissing('x')],
    ['NETWORK_UNAVAILABLE', new NetworkUnavailable('x')],
    ['NETWORK_BUSY', new NetworkBusy('x')],
    ['CLEANUP_UNFINISHED', new CleanupUnfinished('x')],
    ['TOO_MANY_CLEANUPS', new TooManyCleanups('x')],
    ['STORE_FAILED', new StoreFailed('x', undefined)],
    ['NETNS_FAILED', new NetnsFailed('x')],
    ['TOOL_FAILED', new ToolFailed('x')],
    ['INVALID_CONFIG', new InvalidConfig('x')],
    ['INVALID_PARAMETER', new InvalidParameter('x')],
    ['NOT_ADDED', new NotAdded('x')],
    ['BUSY', new Busy('x')],
    ['CALLER_GONE', new CallerGone('x')],
    ['DEADLINE_PASSED', new DeadlineExceeded('x')],
    ['PLUGIN_NO_TIME', new PluginFailed('demo', 'no-time', 'x')],
    ['PLUGIN_TIMED_OUT', new PluginFailed('demo', 'timed-out', 'x')],
    ['POD_CIDR_MISSING', new NodeNotReady('PodCIDRMissing', 'x')],
    ['CNI_7', new CniError('demo', 'ADD', {cniCode: 7, msg: 'm', details: ''})],
    ['INTERNAL', new TypeError('secret')],
  ])('is %s, which is part of the wire format', (reason, error) => {
    expect(causeOf(error).reason).toBe(reason);
    expect(JSON.stringify(causeOf(error))).not.toContain('secret');
  });

  it('fits into a trailer with any text of a plugin', () => {
    const endless = 'x'.repeat(1_000_000);
    const error = new CniError('demo', 'ADD', {cniCode: 7, msg: endless, details: endless});
    const answer = statusOf(error);
    const [trailer] = statusDetailsOf(error, answer, 'id').get('grpc-status-details-bin');
    expect(answer.details.length).toBeLessThan(2100);
    expect(trailer?.length).toBeLessThan(2100);
  });
});

describe('the health', () => {
  const serving = async (healthy: () => string | undefined) => {
    const dir = await tempDir();
    const server = new Server();
    const health = createHealth(healthy);
    const definition = serviceDefinitionOf(Health);
    server.addService(definition, {Check: health.Check, Watch: health.Watch});
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${dir.join('s')}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
    const client = new Client(`unix:${dir.join('s')}`, credentials.createInsecure());
    const watch = (service: string) => {
      const {path, requestSerialize, responseDeserialize} = definition['Watch'] ?? {};
      if (!path || !requestSerialize || !responseDeserialize) throw new Error('no Watch');
      const request = create(HealthCheckRequestSchema, {service});
      const stream = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
      );
      stream.on('error', () => undefined);
      return stream;
    };
    return {
      health,
      watch,
      [Symbol.asyncDispose]: async () => {
        client.close();
        server.forceShutdown();
        await dir[Symbol.asyncDispose]();
      },
    };
  };

  it('is watched: at once, at every change, and to the end', async () => {
    let trouble: string | undefined;
    await using at = await serving(() => trouble);
    const seen: unknown[] = [];
    const stream = at.watch('kni.KNI').on('data', ({status: is}: {status: number}) => seen.push(is));
    const unknown: unknown[] = [];
    at.watch('other').on('data', ({status: is}: {status: number}) => unknown.push(is));
    while (seen.length < 1 || unknown.length < 1) await delay(5);
    at.health.tell(); // nothing is new
    trouble = 'no disk';
    at.health.tell();
    while (seen.length < 2) await delay(5);
    trouble = undefined;
    at.health.close();
    await new Promise((resolve) => {
      stream.on('end', resolve);
    });
    expect(seen).toEqual([1, 2, 1]);
    expect(unknown).toEqual([3]);
  });

  it('does not pile up for a watcher that does not read, which gets the latest status in the end', async () => {
    let changes = 0;
    await using at = await serving(() => (changes % 2 === 0 ? undefined : 'trouble'));
    const stream = at.watch('');
    await delay(50);
    for (; changes < 100_001; changes++) {
      at.health.tell();
      if (changes % 1000 === 0) await delay(0);
    }
    at.health.tell();
    let messages = 0;
    await new Promise<void>((resolve) => {
      // Those of before, and then the latest: an even count is SERVING.
      stream.on('data', ({status: is}: {status: number}) => {
        messages++;
        at.health.tell();
        if (is === 2 && messages % 2 === 0) setTimeout(resolve, 100);
      });
    });
    expect(messages).toBeLessThan(50_000);
  });

  it('of an unknown service is NOT_FOUND', async () => {
    const health = createHealth(() => undefined);
    const answered = await new Promise((resolve) => {
      const call = {request: create(HealthCheckRequestSchema, {service: 'other'})};
      health.Check(call as Parameters<typeof health.Check>[0], resolve);
    });
    expect(answered).toMatchObject({code: status.NOT_FOUND});
  });
});
