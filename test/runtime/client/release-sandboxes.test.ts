import {create, type DescService} from '@bufbuild/protobuf';
import {Server, ServerCredentials, type ServiceError, status} from '@grpc/grpc-js';
import {describe, expect, it} from 'vitest';
import {runCommand} from '../../../runtime/src/client/main.ts';
import {NamespaceMode, RuntimeService} from '../../../runtime/src/gen/cri_pb.ts';
import {KNI} from '../../../runtime/src/gen/kni_pb.ts';
import {serviceDefinitionOf} from '../../../runtime/src/server/service-definition.ts';
import {tempDir} from '../../rig/temp-dir.ts';

type Answer = (request: Record<string, unknown>) => Record<string, unknown> | status | Failure;

class Failure {
  readonly details: string;
  constructor(details: string) {
    this.details = details;
  }
}

/** A gRPC server that writes its calls to `calls`. A number is the status of an error. */
const serve = async (
  path: string,
  service: DescService,
  {calls, answers}: {readonly calls: string[]; readonly answers: Readonly<Record<string, Answer>>},
) => {
  const server = new Server();
  server.addService(
    serviceDefinitionOf(service),
    Object.fromEntries(
      service.methods.map(({name, output}) => [
        name,
        (
          call: {request: Record<string, unknown>},
          reply: (error: Partial<ServiceError> | null, value?: object) => void,
        ) => {
          const id = call.request['podSandboxId'] ?? call.request['id'];
          calls.push(typeof id === 'string' ? `${name} ${id}` : name);
          const answer = answers[name]?.(call.request) ?? {};
          if (typeof answer === 'number') reply({code: answer, details: `${name} failed`});
          else if (answer instanceof Failure) reply({code: status.UNKNOWN, details: answer.details});
          else reply(null, create(output, answer));
        },
      ]),
    ),
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return {[Symbol.dispose]: () => server.forceShutdown()};
};

const sandbox = (id: string, annotations: Record<string, string> = {}) => ({
  id,
  metadata: {name: `pod-${id}`, namespace: 'default', uid: `uid-${id}`, attempt: 1},
  labels: {app: 'web'},
  annotations,
});
const netns = '/run/netns/kni-of-first';
const items = [
  sandbox('first', {'kni.dev/netns': netns, other: 'kept'}),
  sandbox('second'),
  sandbox('proxy'),
];

const rig = async (answers: Readonly<Record<string, Answer>> = {}, {isKniUp = true} = {}) => {
  const dir = await tempDir();
  const [cri, kni] = [dir.join('cri.sock'), dir.join('kni.sock')];
  const calls: string[] = [];
  const network = (id: unknown) => (id === 'proxy' ? NamespaceMode.NODE : NamespaceMode.POD);
  const criServer = await serve(cri, RuntimeService, {
    calls,
    answers: {
      ListPodSandbox: () => ({items}),
      PodSandboxStatus: ({podSandboxId}) => ({
        status: {linux: {namespaces: {options: {network: network(podSandboxId)}}}},
      }),
      ...answers,
    },
  });
  const kniServer = isKniUp ? await serve(kni, KNI, {calls, answers}) : undefined;
  return {
    calls,
    run: async (...flags: readonly string[]): Promise<unknown> => {
      let printed = '';
      const print = async (text: string): Promise<void> => void (printed += text);
      await runCommand(['release-sandboxes', cri, '--socket', kni, ...flags], '/nowhere', print);
      return JSON.parse(printed);
    },
    of: (id: string) => calls.filter((call) => call.endsWith(` ${id}`)).map((call) => call.split(' ')[0]),
    [Symbol.asyncDispose]: async () => {
      criServer[Symbol.dispose]();
      kniServer?.[Symbol.dispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
};

describe('release-sandboxes', () => {
  it('stops each sandbox, releases its network as the kubelet would, and removes it', async () => {
    const requests: Record<string, unknown>[] = [];
    const remember: Answer = (request) => {
      requests.push(request);
      return {};
    };
    await using test = await rig({DetachInterface: remember, DeleteNetwork: remember});
    expect(await test.run('--yes')).toEqual({
      sandboxes: [
        {sandbox: 'first', pod: 'default/pod-first', network: 'kni'},
        {sandbox: 'second', pod: 'default/pod-second', network: 'cni'},
      ],
    });
    expect(test.of('first')).toEqual([
      'PodSandboxStatus',
      'StopPodSandbox',
      'DetachInterface',
      'DeleteNetwork',
      'RemovePodSandbox',
    ]);
    expect(test.of('second')).toEqual(['PodSandboxStatus', 'StopPodSandbox', 'RemovePodSandbox']);
    expect(test.of('proxy')).toEqual(['PodSandboxStatus']);
    const common = {name: 'pod-first', namespace: 'default', extradata: {uid: 'uid-first', attempt: '1'}};
    expect(requests).toMatchObject([
      {
        ...common,
        isolation: {path: netns, type: 'netns'},
        labels: {app: 'web'},
        annotations: {other: 'kept'},
      },
      {...common, netnsPath: netns},
    ]);
    expect(requests[0]?.['annotations']).not.toHaveProperty('kni.dev/netns');
  });

  it('waits with the removal of a sandbox while one of its containers is starting', async () => {
    let attempts = 0;
    await using test = await rig({
      RemovePodSandbox: ({podSandboxId}) =>
        podSandboxId === 'second' && ++attempts < 3
          ? new Failure("failed to set removing state: container is in starting state, can't be removed")
          : {},
    });
    expect(await test.run('--yes')).toMatchObject({sandboxes: [{sandbox: 'first'}, {sandbox: 'second'}]});
    expect(attempts).toBe(3);
  });

  it('removes a sandbox that the network runtime does not release only with --force, and says why it failed', async () => {
    const broken = {DetachInterface: () => status.UNIMPLEMENTED};
    await using test = await rig(broken);
    await expect(test.run('--yes')).rejects.toThrow('UNIMPLEMENTED');
    expect(test.of('first')).not.toContain('RemovePodSandbox');
    expect(await test.run('--yes', '--force')).toMatchObject({
      sandboxes: [
        {sandbox: 'first', network: 'kni', error: 'UNIMPLEMENTED: DetachInterface failed'},
        {sandbox: 'second', network: 'cni'},
      ],
    });
    expect(test.of('first').at(-1)).toBe('RemovePodSandbox');
  });

  it('accepts that the network runtime does not know a network', async () => {
    await using test = await rig({
      DetachInterface: () => status.NOT_FOUND,
      DeleteNetwork: () => status.NOT_FOUND,
    });
    expect(await test.run('--yes')).toMatchObject({sandboxes: [{network: 'kni'}, {network: 'cni'}]});
  });

  it('releases the network of a sandbox that another run has removed meanwhile', async () => {
    await using test = await rig({
      PodSandboxStatus: ({podSandboxId}) => (podSandboxId === 'first' ? status.NOT_FOUND : {}),
    });
    expect(await test.run('--yes')).toMatchObject({sandboxes: [{sandbox: 'first'}, {}, {}]});
    expect(test.of('first')).toContain('DeleteNetwork');
  });

  it('keeps a sandbox whose network is not released, and says why after trying all', async () => {
    await using test = await rig({}, {isKniUp: false});
    await expect(test.run('--yes')).rejects.toThrow(
      /^UNAVAILABLE: no server is listening on .*\(not released: default\/pod-first: UNAVAILABLE/,
    );
    expect(test.of('first')).not.toContain('RemovePodSandbox');
    expect(test.of('second')).toContain('RemovePodSandbox');
  });

  it('names another failure before UNAVAILABLE, which callers may ignore', async () => {
    const fails: Answer = ({podSandboxId}) => (podSandboxId === 'second' ? status.UNKNOWN : {});
    await using test = await rig({StopPodSandbox: fails}, {isKniUp: false});
    await expect(test.run('--yes')).rejects.toThrow(/^UNKNOWN: StopPodSandbox failed/);
  });

  it('does nothing without --yes', async () => {
    await using test = await rig();
    await expect(test.run()).rejects.toThrow(/would kill the containers of all pods/);
    expect(test.calls).toEqual([]);
  });
});
