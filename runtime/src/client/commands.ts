/** What a running network runtime can be asked from the command line. */
import {type DescMessage, type MessageShape, toJson} from '@bufbuild/protobuf';
import {Health, HealthCheckResponse_ServingStatus as Serving} from '../gen/health_pb.ts';
import {type AcceptLossResponse, Inspector} from '../gen/inspector_pb.ts';
import {KNI} from '../gen/kni_pb.ts';
import {type Ask, AskFailed} from './ask.ts';

/** The command needs --yes; the message says what it would do. */
export class NotConfirmed extends Error {
  override readonly name = 'NotConfirmed';
}

export interface ClientCommand {
  readonly name: string;
  /** As in the usage; a command without one takes none. */
  readonly argument?: string;
  readonly help: string;
  /** Returns what is to be printed as JSON. */
  readonly run: (ask: Ask, argument: string, flags: CommandFlags) => Promise<unknown>;
  /** The flags that it takes. */
  readonly flags?: readonly CommandFlag[];
}

export const commandFlags = ['check', 'retry', 'yes'] as const;
type CommandFlag = (typeof commandFlags)[number];
export type CommandFlags = Readonly<Record<CommandFlag, boolean>>;

const json = <T extends DescMessage>(schema: T, message: MessageShape<T>): unknown =>
  toJson(schema, message, {alwaysEmitImplicit: true});

const forgetting =
  'would drop the record of a failed cleanup without its DEL: what its plugins keep outside of the netns leaks. ' +
  'Repeat the command with --yes to do it';

const lossIn = ({files, netns, addresses}: AcceptLossResponse): string => {
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
    help: "the node's networks (of any KNI server)",
    run: async (ask) =>
      json(KNI.method.queryNodeNetworks.output, await ask(KNI.method.queryNodeNetworks, {})),
  },
  {
    name: 'pods',
    help: 'all pod networks that are recorded',
    run: async (ask) =>
      json(Inspector.method.listPodNetworks.output, await ask(Inspector.method.listPodNetworks, {})),
  },
  {
    name: 'inspect',
    argument: 'NAMESPACE/NAME',
    flags: ['check'],
    help: 'everything that is recorded of one pod; with --check also what its plugins find wrong',
    run: async (ask, argument, {check}) => {
      const [namespace = '', name = ''] = argument.split('/');
      const {inspectPodNetwork} = Inspector.method;
      return json(inspectPodNetwork.output, await ask(inspectPodNetwork, {namespace, name, check}));
    },
  },
  {
    name: 'query',
    argument: 'SANDBOX',
    help: 'the addresses of one sandbox (of any KNI server)',
    run: async (ask, id) =>
      json(KNI.method.queryPodNetwork.output, await ask(KNI.method.queryPodNetwork, {id})),
  },
  {
    name: 'reconcile',
    help: 'remove what belongs to no pod',
    run: async (ask) => json(Inspector.method.reconcile.output, await ask(Inspector.method.reconcile, {})),
  },
  {
    name: 'pending',
    flags: ['retry'],
    help: 'cleanups that have failed, and what they hold; with --retry they are retried first',
    run: async (ask, _, {retry}) => {
      const {listUnfinishedCleanups} = Inspector.method;
      return json(listUnfinishedCleanups.output, await ask(listUnfinishedCleanups, {retry}));
    },
  },
  {
    name: 'forget',
    argument: 'RECORD --yes',
    flags: ['yes'],
    help: 'drop the record of a failed cleanup, by its correlation, after removing its known traces',
    run: async (ask, record, {yes}) => {
      if (!yes) throw new NotConfirmed(forgetting);
      const {forgetPodNetwork} = Inspector.method;
      return json(forgetPodNetwork.output, await ask(forgetPodNetwork, {record}));
    },
  },
  {
    name: 'accept-loss',
    flags: ['yes'],
    help: 'end the doubt about lost records: remove what has no record (needs --yes)',
    run: async (ask, _, {yes}) => {
      const {acceptLoss} = Inspector.method;
      const answer = await ask(acceptLoss, {confirmed: yes});
      if (!yes) throw new NotConfirmed(lossIn(answer));
      return json(acceptLoss.output, answer);
    },
  },
  {
    name: 'health',
    help: 'whether it can do its work',
    run: async (ask) => {
      const {check} = Health.method;
      const answer = await ask(check, {service: 'kni.KNI'});
      if (answer.status !== Serving.SERVING) throw new AskFailed('the network runtime cannot do its work');
      return json(check.output, answer);
    },
  },
];
