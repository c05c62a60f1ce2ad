/** A pod gets a second network by annotation, and the runtime asks the API server nothing for it. */

import {waitUntil} from '../host/wait-until.ts';
import {parseSockets, socketsTo, type TcpSocket} from '../tools/ss.ts';
import type {Drill, Scene} from './drill.ts';
import {addressAt, defineNetwork, network, selection} from './network.ts';
import {addressesOf, inPod, networkOf, startPod} from './pods.ts';
import {quotes} from './questions.ts';

/** The port of the API server in kind's nodes. */
const apiPort = 6443;

/**
 * The runtime renews its watches every few minutes, which also sends bytes. If this happens during an attempt, the drill tries again with
 * another pod. A runtime that asks the API server for each pod would send bytes in every attempt.
 */
const mostAttempts = 3;

export const multiNetwork: Drill = {
  name: 'multi-network',
  shows: 'a second interface by annotation, without an API call',
  ownNetwork: true,
  question: {
    asks: 'Must a network runtime ask the API server for each pod, as Multus does?',
    quote: quotes.podObject,
  },
  async run(scene) {
    const {worker, flag} = scene;
    const annotate = `--network ${network} --node ${worker}${flag}`;
    await scene.step(
      'Define a second network, and start a pod that selects it',
      [
        `kni-demo kubectl${flag} apply -f network.yaml`,
        `# a bridge with addresses from ${addressAt(2)}/24 on`,
        `kni-demo pod create first ${annotate}`,
      ],
      async ({check}) => {
        await defineNetwork(scene, {addresses: 8});
        await definitionArrived(scene);
        const pod = await startPod(scene, {name: 'first', annotations: selection});
        checkInterfaces(check, await networkOf(scene, pod));
      },
    );

    const second = await scene.step(
      'Start another one, and watch the connections of the runtime',
      [`kni-demo pod create second ${annotate}`, `docker exec ${worker} ss -tinp 'dport = :${apiPort}'`],
      async ({check, measure}) => {
        let attempt = 0;
        for (;;) {
          attempt += 1;
          const before = await connectionsOf(scene);
          const pod = await startPod(scene, {name: `second-${attempt}`, annotations: selection});
          const after = await connectionsOf(scene);
          const sent = bytesSent(before.own, after.own);
          const opened = [...after.all].filter((each) => !before.all.has(each)).length;
          if ((sent !== 0 || opened !== 0) && attempt < mostAttempts) continue;
          measure('sent to the API server', sent, 'bytes');
          check('kernel', 'the runtime sent nothing to the API server while the pod was attached', {
            holds: sent === 0 && before.own.length > 0,
            saw: `${sent} bytes on ${after.own.length} connections, whose watches stay open`,
          });
          check('kernel', 'no program on the node opened another connection to it', {
            holds: opened === 0,
            saw: `${opened} new, also among the closed ones`,
          });
          checkInterfaces(check, await networkOf(scene, pod));
          return pod;
        }
      },
    );

    await scene.step(
      'Ping the first pod through the second network',
      [`kni-demo kubectl${flag} exec second -- ping -c 3 ${addressAt(2)}`],
      async ({check}) => {
        const printed = await inPod(scene, second.name, `ping -c 3 -i 0.2 -I net1 ${addressAt(2)} || true`);
        const received = Number(/(\d+) packets received/.exec(printed)?.[1] ?? 0);
        check('ping', 'it answers there', {holds: received === 3, saw: `${received} of 3 answers`});
      },
    );
  },
};

const checkInterfaces = (
  check: Parameters<Parameters<Scene['step']>[2]>[0]['check'],
  found: Awaited<ReturnType<typeof networkOf>>,
): void => {
  const [eth0, net1] = [addressesOf(found), addressesOf(found, 'net1')];
  check('kernel', 'the pod has eth0 and net1', {
    holds: eth0.length > 0 && net1.length === 1,
    saw: `eth0 ${eth0.join(', ')}, net1 ${net1.join(', ')}`,
  });
};

/** The runtime follows the definitions, and has a copy on disk. */
const definitionArrived = async ({cluster, worker, signal}: Scene): Promise<void> => {
  const file = '/var/lib/kni/network-attachment-definitions.json';
  const wait = {what: 'the definition to reach the worker', every: 100, atMost: 10_000, signal};
  await waitUntil(wait, async () => {
    const {stdout} = await cluster.node(worker).run(['cat', [file]], {signal});
    return stdout.includes(network) || undefined;
  });
};

interface Connections {
  /** Those of the runtime. */
  readonly own: readonly TcpSocket[];
  /** Local ports of all connections to the API server from the worker, and of those that were closed in the last minute. */
  readonly all: ReadonlySet<string>;
}

const connectionsOf = async ({cluster, worker, controlPlane, signal}: Scene): Promise<Connections> => {
  const node = cluster.node(worker);
  const mainPid = ['systemctl', ['show', 'kni', '--value', '--property=MainPID']] as const;
  const [pid, open, closedHere, closedThere, addresses] = await Promise.all([
    node.run(mainPid, {signal}),
    node.run(socketsTo('dport', apiPort), {signal}),
    node.run(socketsTo('dport', apiPort, 'time-wait'), {signal}),
    cluster.node(controlPlane).run(socketsTo('sport', apiPort, 'time-wait'), {signal}),
    node.run(['hostname', ['-I']], {signal}),
  ]);
  const own = addresses.stdout.split(/\s+/).filter(Boolean);
  const sockets = parseSockets(open.stdout);
  const fromHere = parseSockets(closedThere.stdout).filter(({peer}) =>
    own.some((ip) => peer.replace('::ffff:', '').replaceAll(/[[\]]/g, '').startsWith(`${ip}:`)),
  );
  return {
    own: sockets.filter((socket) => socket.pid === pid.stdout.trim()),
    all: new Set([
      ...[...sockets, ...parseSockets(closedHere.stdout)].map(({local}) => portOf(local)),
      ...fromHere.map(({peer}) => portOf(peer)),
    ]),
  };
};

const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1);

/** Also counts the bytes on new connections of the runtime. */
const bytesSent = (before: readonly TcpSocket[], after: readonly TcpSocket[]): number =>
  after.reduce(
    (sum, {local, sent}) => sum + sent - (before.find((each) => each.local === local)?.sent ?? 0),
    0,
  );
