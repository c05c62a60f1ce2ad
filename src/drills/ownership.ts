/** Who made the netns of a pod, what containerd knows of its network, and which files that needs on the node. */

import type {Drill, Scene} from './drill.ts';
import {networkOf, type PodNetwork, startPod} from './pods.ts';
import {quotes} from './questions.ts';

export const ownership: Drill = {
  name: 'ownership',
  shows: 'containerd joins a netns that it did not make',
  question: {
    asks: 'Which program owns the network of a pod, and what does it need on the host?',
    quote: quotes.layers,
  },
  async run(scene) {
    const {worker, flag} = scene;
    const network = await scene.step(
      'Start a pod',
      [`kni-demo pod create pod --node ${worker}${flag}`],
      async ({check}) => {
        const pod = await startPod(scene, {name: 'pod'});
        const found = await networkOf(scene, pod);
        check('containerd', 'its sandbox joined a netns by path', {
          holds: found.netns?.startsWith('/run/netns/kni-') === true,
          saw: found.netns ?? 'containerd made a netns itself',
        });
        return found;
      },
    );

    await scene.step(
      'Compare the time of the netns with that of the sandbox',
      [`docker exec ${worker} ctr -n k8s.io containers info ${network.sandbox.slice(0, 12)}…`],
      async ({check, measure}) => {
        const netnsMade = await madeAt(scene, network);
        const sandboxMade = Date.parse(/"CreatedAt":\s*"([^"]+)"/.exec(network.info)?.[1] ?? '');
        measure('netns before sandbox', sandboxMade - netnsMade, 'ms');
        check('kernel', 'the netns is older than the sandbox of containerd', {
          holds: netnsMade < sandboxMade,
          saw: `netns ${timeOf(netnsMade)}, sandbox ${timeOf(sandboxMade)}`,
        });
      },
    );

    await scene.step('Look who holds the netns', [`docker exec ${worker} lsns -t net`], async ({check}) => {
      const {inside, holding} = await holdersOf(scene, network);
      check('kernel', "only the pod's processes run in it", {
        holds: inside.includes('pause') && !inside.some((name) => /containerd|kubelet|node/.test(name)),
        saw: inside.join(', '),
      });
      check('kernel', 'no process holds it open: the mount in /run/netns keeps it', {
        holds: holding.length === 0,
        saw: holding.length === 0 ? '0 file descriptors' : holding.join(', '),
      });
    });

    await scene.step(
      'Look for the files of CNI in containerd',
      [`docker exec ${worker} ls /etc/kni/containerd-net.d /etc/kni/net.d /etc/cni/net.d /opt/cni/bin`],
      async ({check}) => {
        const files = await filesIn(scene, containerdConfDir);
        check('files', 'containerd has no network configuration, and the node is Ready', {
          holds: files.length === 0,
          saw: `${containerdConfDir}: ${listOf(files)}`,
        });
        const own = [
          ...(await filesIn(scene, '/etc/kni/net.d')),
          ...(await filesIn(scene, '/etc/cni/net.d')),
        ];
        const plugins = await filesIn(scene, '/opt/cni/bin');
        check('files', 'this network runtime has a configuration and CNI plugins', {
          holds: own.length > 0,
          saw: `${listOf(own)}; /opt/cni/bin: ${plugins.length} plugins`,
        });
      },
    );
  },
};

/** Where containerd reads its network configuration. */
const containerdConfDir = '/etc/kni/containerd-net.d';

const listOf = (files: readonly string[]): string => (files.length === 0 ? 'nothing' : files.join(', '));

const timeOf = (ms: number): string => new Date(ms).toISOString().slice(11, 23);

/** When the mount point of the netns was made. The mount hides it, so this looks below the mount, in a new mount namespace. */
const madeAt = async ({cluster, worker, signal}: Scene, {netns = ''}: PodNetwork): Promise<number> => {
  const name = netns.slice(netns.lastIndexOf('/') + 1);
  const script = 'mount --bind /run/netns /mnt && exec stat -c %.3Y "/mnt/$1"';
  const run = ['unshare', ['--mount', 'sh', '-ec', script, 'sh', name]] as const;
  return Number((await cluster.node(worker).run(run, {signal})).stdout) * 1_000;
};

/** The names of processes whose netns it is, and of those with a file descriptor for it. */
const holdersOf = async ({cluster, worker, signal}: Scene, {netns = ''}: PodNetwork) => {
  const script = `link="net:[$(stat -L -c %i "$1")]"
    for process in /proc/[0-9]*; do
      [ "$(readlink "$process/ns/net")" != "$link" ] || echo "in $(cat "$process/comm")"
    done 2>/dev/null
    find /proc/[0-9]*/fd -lname "$link" -printf 'open %h\\n' 2>/dev/null || true`;
  const {stdout} = await cluster.node(worker).run(['sh', ['-c', script, 'sh', netns]], {signal});
  const lines = stdout.split('\n').filter(Boolean);
  const of = (word: string): readonly string[] =>
    lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length + 1));
  return {inside: of('in').toSorted(), holding: of('open')};
};

const filesIn = async ({cluster, worker, signal}: Scene, directory: string): Promise<readonly string[]> => {
  const script = 'ls "$1" 2>/dev/null || true';
  const {stdout} = await cluster.node(worker).run(['sh', ['-c', script, 'sh', directory]], {signal});
  return stdout.split('\n').filter(Boolean);
};
