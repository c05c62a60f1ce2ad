/** Emits changes of the node's own network: readiness, routes and tunnels to other nodes. */
import type {NodeNetwork} from '../node/node-network.ts';
import {vxlanDevice} from '../node/vxlan.ts';
import type {Command, Exec} from '../process/exec.ts';
import {type Emit, type EventFields, shortError} from './event.ts';

/** Emits a change when a caller asks for the status; the kubelet does so every few seconds. */
export const emitReadiness = (node: NodeNetwork, emit: Emit): NodeNetwork => {
  let before = '';
  return {
    ...node,
    status: async () => {
      const status = await node.status();
      const {list, trouble} = status;
      const state = JSON.stringify([list?.name, trouble?.reason, trouble?.message]);
      if (state !== before) {
        before = state;
        emit({
          kind: 'readiness',
          ready: trouble === undefined,
          ...(list && {network: list.name}),
          reason: trouble?.reason,
          error: trouble && shortError(trouble.message),
        });
      }
      return status;
    },
  };
};

/** Reads the changes from the batches for `ip` and `bridge`, which the node's network consists of. */
export const emitNodeChanges =
  (exec: Exec, emit: Emit): Exec =>
  async (command) => {
    const ending = await exec(command);
    const isDone = ending.kind === 'exited' && ending.exitCode === 0;
    const error = isDone || !('stderr' in ending) ? undefined : shortError(ending.stderr.trim());
    for (const change of changesIn(command))
      emit({...change, error: isDone ? undefined : error || ending.kind});
    return ending;
  };

const changesIn = ({file, args = [], stdin = ''}: Command): readonly EventFields[] => {
  if (file !== 'ip' && file !== 'bridge') return [];
  const lines = args.includes('-batch') ? stdin.split('\n') : [args.join(' ')];
  return lines.flatMap((line) => changeOf(line) ?? []);
};

const changeOf = (line: string): EventFields | undefined => {
  const [object, verb, to = '', ...options] = line.split(' ');
  const after = (word: string) => options[options.indexOf(word) + 1 || options.length];
  const isDeleted = verb === 'del';
  if (object === 'route' && (isDeleted || verb === 'replace'))
    return {kind: isDeleted ? 'route-deleted' : 'route-set', to, via: after('via')};
  if (object === 'fdb' && (isDeleted || verb === 'replace'))
    return {kind: isDeleted ? 'tunnel-deleted' : 'tunnel-set', to, via: after('dst'), interface: vxlanDevice};
  if (object === 'link' && to === vxlanDevice && (isDeleted || verb === 'add'))
    return {kind: isDeleted ? 'tunnel-deleted' : 'tunnel-set', interface: vxlanDevice};
  return undefined;
};
