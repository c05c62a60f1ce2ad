/** Takes down the networks of all pod sandboxes of a node, so that its pods can get networks from somewhere else. */
import {setTimeout as delay} from 'node:timers/promises';
import {NamespaceMode, type PodSandbox, RuntimeService} from '../gen/cri_pb.ts';
import {KNI} from '../gen/kni_pb.ts';
import {errorText} from '../log.ts';
import {type Ask, AskFailed} from './ask.ts';

/** As the kubelet passes it to containerd; absent if containerd created the netns and called CNI. */
const netnsAnnotation = 'kni.dev/netns';

export interface ReleasedSandbox {
  readonly sandbox: string;
  /** `namespace/name` */
  readonly pod: string;
  readonly network: 'kni' | 'cni';
  /** Why the network runtime did not release the network. Only with `force`, which removes the sandbox nevertheless. */
  readonly error?: string;
}

export interface ReleaseOptions {
  /** Also remove sandboxes whose network the network runtime does not release. The caller removes what is left of it. */
  readonly force: boolean;
}

/**
 * Stops each sandbox, which kills its containers and makes the container runtime call CNI DEL. For a sandbox with a KNI network
 * it then calls DetachInterface and DeleteNetwork, as the kubelet would. At last it removes the sandbox: later, without its CNI
 * configuration, the kubelet could not remove it any more. Leaves sandboxes on the host's network alone. Idempotent.
 * `cri` asks the container runtime, `kni` the network runtime. Throws AskFailed if a sandbox was not released, after trying all.
 */
export const releaseSandboxes = async (
  cri: Ask,
  kni: Ask,
  {force}: ReleaseOptions,
): Promise<readonly ReleasedSandbox[]> => {
  const {items} = await cri(RuntimeService.method.listPodSandbox, {});
  const released = await Promise.allSettled(items.map((sandbox) => release(sandbox, {cri, kni, force})));
  const failures = released.flatMap((each, index) =>
    each.status === 'rejected' ? [`${podOf(items[index])}: ${errorText(each.reason)}`] : [],
  );
  // The message starts with a gRPC status, for programs. UNAVAILABLE: nothing but the network runtime is missing.
  const texts = released.flatMap((each) => (each.status === 'rejected' ? [errorText(each.reason)] : []));
  const first = texts.find((text) => !text.startsWith('UNAVAILABLE')) ?? texts[0];
  if (first !== undefined) throw new AskFailed(`${first} (not released: ${failures.join('; ')})`);
  return released.flatMap((each) => (each.status === 'fulfilled' && each.value ? [each.value] : []));
};

const podOf = (sandbox: PodSandbox | undefined): string =>
  `${sandbox?.metadata?.namespace}/${sandbox?.metadata?.name}`;

/** Undefined for a sandbox on the host's network. */
const release = async (
  sandbox: PodSandbox,
  {cri, kni, force}: ReleaseOptions & {readonly cri: Ask; readonly kni: Ask},
): Promise<ReleasedSandbox | undefined> => {
  const {id, annotations} = sandbox;
  // Unknown if an earlier run of this command, which was interrupted on the host, still goes on and has removed it.
  const found = await ignoreUnknown(cri(RuntimeService.method.podSandboxStatus, {podSandboxId: id}));
  if (found?.status?.linux?.namespaces?.options?.network === NamespaceMode.NODE) return undefined;
  await cri(RuntimeService.method.stopPodSandbox, {podSandboxId: id});
  const {[netnsAnnotation]: netns, ...others} = annotations;
  const failure =
    netns === undefined
      ? undefined
      : await releaseNetwork(sandbox, netns, others, kni).catch((error: unknown) => {
          if (!force) throw error;
          return errorText(error);
        });
  await removeSandbox(id, cri);
  return {
    sandbox: id,
    pod: podOf(sandbox),
    network: netns === undefined ? 'cni' : 'kni',
    ...(failure !== undefined && {error: failure}),
  };
};

const removal = {attempts: 50, pauseMs: 200};

/**
 * Tries again while a container of the sandbox is starting: a kubelet that was stopped has begun that, and containerd gives it up only
 * seconds later.
 */
const removeSandbox = async (id: string, cri: Ask): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      await cri(RuntimeService.method.removePodSandbox, {podSandboxId: id});
      return;
    } catch (error) {
      if (attempt >= removal.attempts || !errorText(error).includes('in starting state')) throw error;
      await delay(removal.pauseMs);
    }
  }
};

const releaseNetwork = async (
  {id, metadata, labels}: PodSandbox,
  netns: string,
  annotations: Readonly<Record<string, string>>,
  kni: Ask,
): Promise<undefined> => {
  const common = {
    id,
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    extradata: {uid: metadata?.uid ?? '', attempt: String(metadata?.attempt ?? 0)},
  };
  await ignoreUnknown(
    kni(KNI.method.detachInterface, {
      ...common,
      isolation: {path: netns, type: 'netns'},
      labels,
      annotations,
    }),
  );
  await ignoreUnknown(kni(KNI.method.deleteNetwork, {...common, netnsPath: netns}));
  return undefined;
};

/** A network runtime should return no error for an unknown network, but some do. */
const ignoreUnknown = async <T>(call: Promise<T>): Promise<T | undefined> =>
  await call.catch((error: unknown) => {
    if (!(error instanceof AskFailed) || !error.message.startsWith('NOT_FOUND')) throw error;
    return undefined;
  });
