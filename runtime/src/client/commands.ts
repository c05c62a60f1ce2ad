/** The commands that query or change a running network runtime over its socket. */
import {type DescMessage, type MessageShape, toJson} from '@bufbuild/protobuf';
import {Health, HealthCheckResponse_ServingStatus as Serving} from '../gen/health_pb.ts';
import {type AcceptLossResponse, Inspector} from '../gen/inspector_pb.ts';
import {KNI} from '../gen/kni_pb.ts';
import {type Ask, AskFailed, callRuntime, type Follow} from './ask.ts';
import {eventLines} from './event-lines.ts';
import {releaseSandboxes} from './release-sandboxes.ts';

/** The command requires --yes; the message says what it would do. */
export class NotConfirmed extends Error {
  override readonly name = 'NotConfirmed';
}

export interface ClientCommand {
  readonly name: string;
  /** As the usage shows it; absent for a command without an argument. */
  readonly argument?: string;
  readonly help: string;
  /** Returns the value to print as JSON. */
  readonly run?: (ask: Ask, argument: string, flags: CommandFlags) => Promise<unknown>;
  /** Instead of `run`: returns lines, which are printed as they come. */
  readonly lines?: (follow: Follow, flags: CommandFlags) => AsyncIterable<string>;
  /** The flags that the command accepts. */
  readonly flags?: readonly CommandFlag[];
}

export const commandFlags = ['check', 'retry', 'yes', 'follow', 'force'] as const;
type CommandFlag = (typeof commandFlags)[number];
export type CommandFlags = Readonly<Record<CommandFlag, boolean>>;

const json = <T extends DescMessage>(schema: T, message: MessageShape<T>): unknown =>
  toJson(schema, message, {alwaysEmitImplicit: true});

const forgetWarning =
  'would drop the record of a failed cleanup without calling DEL: resources that its plugins keep outside of the netns leak. ' +
  'Repeat the command with --yes to do it';

const releaseWarning =
  'would kill the containers of all pods on this node that have a network of their own. Stop the kubelet first, or it creates new ' +
  'sandboxes meanwhile. Repeat the command with --yes to do it';

const lossWarning = ({files, netns, addresses}: AcceptLossResponse): string => {
  if (files.length === 0) return 'nothing to accept: the quarantine is empty';
  return [
    `would move ${files.length} file(s) out of the quarantine (${files.join(', ')})`,
    `and remove ${netns.length} netns (${netns.join(', ') || 'none'})`,
    `and ${addresses.length} address lease(s) (${addresses.join(', ') || 'none'}) without a record.`,
    'Pods that use them lose their network. Repeat the command with --yes to do it',
  ].join(' ');
};

export const commands: readonly ClientCommand[] = [
  {
    name: 'networks',
    help: 'show the networks of the node (works with any KNI server)',
    run: async (ask) =>
      json(KNI.method.queryNodeNetworks.output, await ask(KNI.method.queryNodeNetworks, {})),
  },
  {
    name: 'pods',
    help: 'list the recorded pod networks',
    run: async (ask) =>
      json(Inspector.method.listPodNetworks.output, await ask(Inspector.method.listPodNetworks, {})),
  },
  {
    name: 'inspect',
    argument: 'NAMESPACE/NAME',
    flags: ['check'],
    help: 'show the record of one pod; --check also runs CNI CHECK',
    run: async (ask, argument, {check}) => {
      const [namespace = '', name = ''] = argument.split('/');
      const {inspectPodNetwork} = Inspector.method;
      return json(inspectPodNetwork.output, await ask(inspectPodNetwork, {namespace, name, check}));
    },
  },
  {
    name: 'query',
    argument: 'SANDBOX',
    help: 'show the addresses of one sandbox (works with any KNI server)',
    run: async (ask, id) =>
      json(KNI.method.queryPodNetwork.output, await ask(KNI.method.queryPodNetwork, {id})),
  },
  {
    name: 'events',
    flags: ['follow'],
    help: 'print the recent events, one JSON object per line; --follow also prints new ones',
    lines: eventLines,
  },
  {
    name: 'orphans',
    help: 'list what reconcile would remove',
    run: async (ask) =>
      json(Inspector.method.listOrphans.output, await ask(Inspector.method.listOrphans, {})),
  },
  {
    name: 'reconcile',
    help: 'remove orphaned netns, addresses, links and chains',
    run: async (ask) => json(Inspector.method.reconcile.output, await ask(Inspector.method.reconcile, {})),
  },
  {
    name: 'pending',
    flags: ['retry'],
    help: 'list failed cleanups and the resources they hold; --retry retries them first',
    run: async (ask, _, {retry}) => {
      const {listUnfinishedCleanups} = Inspector.method;
      return json(listUnfinishedCleanups.output, await ask(listUnfinishedCleanups, {retry}));
    },
  },
  {
    name: 'forget',
    argument: 'RECORD --yes',
    flags: ['yes'],
    help: 'drop the record of a failed cleanup, named by its correlation, and its known traces',
    run: async (ask, record, {yes}) => {
      if (!yes) throw new NotConfirmed(forgetWarning);
      const {forgetPodNetwork} = Inspector.method;
      return json(forgetPodNetwork.output, await ask(forgetPodNetwork, {record}));
    },
  },
  {
    name: 'accept-loss',
    flags: ['yes'],
    help: 'accept that records were lost: remove everything without a record (requires --yes)',
    run: async (ask, _, {yes}) => {
      const {acceptLoss} = Inspector.method;
      const answer = await ask(acceptLoss, {confirmed: yes});
      if (!yes) throw new NotConfirmed(lossWarning(answer));
      return json(acceptLoss.output, answer);
    },
  },
  {
    name: 'release-sandboxes',
    argument: 'CRI_SOCKET --yes',
    flags: ['yes', 'force'],
    help: 'stop all pods, except those on the host network, and release their networks, while the kubelet is stopped; --force: even if that fails',
    run: async (ask, socket, {yes, force}) => {
      if (!yes) throw new NotConfirmed(releaseWarning);
      return {sandboxes: await callRuntime(socket, (cri) => releaseSandboxes(cri, ask, {force}))};
    },
  },
  {
    name: 'health',
    help: 'show whether the network runtime is healthy',
    run: async (ask) => {
      const {check} = Health.method;
      const answer = await ask(check, {service: 'kni.KNI'});
      if (answer.status !== Serving.SERVING) throw new AskFailed('the network runtime is not healthy');
      return json(check.output, answer);
    },
  },
];
