/**
 * A node of the suite's own: network, mount and process namespaces with empty directories for a network runtime. It disappears
 * with all its processes, links and mounts when this process ends, also after kill -9.
 */

import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';
import {UserError} from '../errors.ts';
import type {Command, Host} from '../host/host.ts';
import {lastLineOf} from '../host/reason.ts';
import {entered, inNetns, unshared} from '../tools/namespaces.ts';

export interface OwnNode extends AsyncDisposable {
  /** The path of a file of the node, as this process sees it. */
  readonly path: (inside: string) => string;
  /** A command that runs on the node. */
  readonly enter: (command: Command) => Command;
  /** Runs a program on the node. Returns its standard output. Rejects with CommandError. */
  readonly run: (command: Command) => Promise<string>;
  readonly runIn: (netns: string, command: Command) => Promise<string>;
  /** The processes on the node, by their ids on this machine. */
  readonly processes: () => readonly number[];
  /** The id on this machine of a process with this id on the node. */
  readonly processOf: (inside: number) => number | undefined;
}

/** Addresses of documentation networks (RFC 5737): the node, and another machine on its link. */
export const uplink = {name: 'eth0', node: '192.0.2.2', outside: '192.0.2.1', netns: '/run/outside'} as const;

/** Read by the shell itself from the outer /proc: the shell's process id on this machine. */
const printOwnPid = 'read -r pid rest </proc/self/stat && echo "pid $pid"';
const boot = [
  printOwnPid,
  'while umount --lazy /run/netns 2>/dev/null; do :; done',
  'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib',
  'for dir in /etc/kni /etc/cni; do [ ! -d $dir ] || mount -t tmpfs tmpfs $dir || exit 1; done',
  // They show the namespaces that they were mounted from.
  'mount -t proc proc /proc && mount -t sysfs sysfs /sys',
  `touch ${uplink.netns} && unshare --net=${uplink.netns} true`,
  `ip link set lo up && ip link add ${uplink.name} type veth peer name eth0 netns ${uplink.netns}`,
  `ip address add ${uplink.node}/24 dev ${uplink.name} && ip link set ${uplink.name} up`,
  `nsenter --net=${uplink.netns} sh -c 'ip link set lo up && ip address add ${uplink.outside}/24 dev eth0 && ip link set eth0 up'`,
  // The kernel reports a carrier up to a second later.
  `while ! ip link show ${uplink.name} | grep -q 'state UP'; do sleep 0.02; done`,
  `ip route add default via ${uplink.outside}`,
  'echo ready',
  // Ends with its standard input. Not `exec`: process 1 of the namespace would ignore SIGTERM.
  'cat >/dev/null',
].join(' || exit 1; ');

/** For work before the node is started that takes long. Throws UserError if this process may not create namespaces. */
export const requireNamespaces = async (host: Host, signal: AbortSignal): Promise<void> => {
  await host.run(unshared('true'), {signal}).catch((error: unknown): never => {
    signal.throwIfAborted();
    throw cannotStart(error);
  });
};

/** Throws UserError if this process may not create namespaces, or a program is missing. */
export const startOwnNode = async (host: Host, signal: AbortSignal): Promise<OwnNode> => {
  const over = new AbortController();
  let ended: Promise<unknown> = Promise.resolve();
  const pid = await new Promise<number>((resolve, reject) => {
    let found = 0;
    ended = host.run(unshared(boot), {
      holdInput: true,
      signal: AbortSignal.any([signal, over.signal]),
      onLine: (line) => {
        if (line.startsWith('pid ')) found = Number(line.slice('pid '.length));
        if (line === 'ready') resolve(found);
      },
    });
    ended.then(() => reject(new Error('the shell of the namespaces ended')), reject);
  }).catch((error: unknown): never => {
    signal.throwIfAborted();
    throw cannotStart(error);
  });
  const namespace = namespaceOf(pid);
  const enter = (command: Command): Command => entered(pid, command);
  const run = async (command: Command): Promise<string> =>
    (await host.run(enter(command), {signal, timeout: 30_000})).stdout;
  const processes = (): readonly number[] =>
    readdirSync('/proc')
      .map(Number)
      .filter((each) => each > 0 && namespaceOf(each) === namespace);
  return {
    path: (inside) => join(`/proc/${pid}/root`, inside),
    enter,
    run,
    runIn: (netns, command) => run(inNetns(netns, command)),
    processes,
    processOf: (inside) => processes().find((each) => innerPidOf(each) === inside),
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await ended.catch(() => undefined);
    },
  };
};

const namespaceOf = (pid: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // the process has ended
  }
};

/** `NSpid:	4711	5`: the ids from the outermost to the innermost namespace. */
const innerPidOf = (pid: number): number | undefined => {
  try {
    const ids = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(ids?.split(/\s+/).at(-1));
  } catch {
    return undefined;
  }
};

const cannotStart = (error: unknown): UserError =>
  new UserError(
    {
      what: 'cannot create a node for the test',
      why: lastLineOf(error),
      tryThis:
        'run it as root on a machine with util-linux and iproute2, or test a running runtime: --socket or --node',
      code: 'KNI-E311',
    },
    {cause: error},
  );
