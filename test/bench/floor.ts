/** The floor: the same plugins, called directly. Any time beyond that is spent by the network runtime. */
import {randomUUID} from 'node:crypto';
import {createInterface} from 'node:readline';
import type {TestNode} from '../rig/node/test-node.ts';
import type {Conflist} from './network.ts';
import {lanes, type Subject} from './subject.ts';

type Verb = 'unshare' | 'add' | 'del' | 'umount' | 'lo-add' | 'lo-del';

/**
 * A shell starts the plugins: starting a process takes the longer the larger the process that starts it, and no
 * other one is smaller. It runs all the time, so that a step costs one line there and one line back (0.1 ms).
 */
const scriptOf = (list: Conflist, pluginDir: string, dir: string): string => {
  const requests = list.plugins.map((plugin) => {
    const members = Object.entries(plugin).filter(([key]) => key !== 'capabilities');
    const {cniVersion, name} = list;
    return JSON.stringify({cniVersion, name, ...Object.fromEntries(members)}).slice(0, -1);
  });
  const files = list.plugins.map(({type}) => `${pluginDir}/${type}`);
  const call = (index: number, command: string, into: string) => [
    `printf '%s' '${requests[index]}'"\${result:+,\\"prevResult\\":$result}"'}' >${dir}/request`,
    `${into}=$(CNI_COMMAND=${command} ${files[index]} <${dir}/request)`,
  ];
  const indexes = list.plugins.map((_, index) => index);
  const loopback = `{"cniVersion":"${list.cniVersion}","name":"lo","type":"loopback"}`;
  const lo = (command: string) =>
    `said=$(CNI_COMMAND=${command} CNI_IFNAME=lo ${pluginDir}/loopback <${dir}/loopback)`;
  const verbs: Record<Verb, readonly string[]> = {
    unshare: [': >"$CNI_NETNS"', 'unshare --net="$CNI_NETNS" true'],
    add: ['result=', ...indexes.flatMap((index) => call(index, 'ADD', 'result'))],
    del: indexes.toReversed().flatMap((index) => call(index, 'DEL', 'said')),
    umount: ['umount --lazy "$CNI_NETNS"'],
    'lo-add': [lo('ADD')],
    'lo-del': [lo('DEL')],
  };
  return [
    `mkdir -p ${dir} && printf '%s' '${loopback}' >${dir}/loopback`,
    `export CNI_PATH=${pluginDir} CNI_IFNAME=eth0 CNI_CONTAINERID CNI_NETNS CNI_ARGS`,
    'while read -r verb CNI_CONTAINERID CNI_NETNS; do',
    '  CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=bench;K8S_POD_INFRA_CONTAINER_ID=$CNI_CONTAINERID"',
    '  case $verb in',
    ...Object.entries(verbs).map(([verb, commands]) => `  ${verb}) ${commands.join(' && ')} ;;`),
    '  esac && echo done || echo "failed: "$result $said',
    'done',
  ].join('\n');
};

type Do = (verb: Verb, sandbox: string, netns: string) => Promise<void>;

const startLane = (node: TestNode, script: string): Do => {
  const shell = node.start(['sh', '-c', script]);
  let complaint = '';
  shell.stderr?.on('data', (chunk) => (complaint = String(chunk)));
  if (!shell.stdout || !shell.stdin) throw new Error('the shell of the floor has no pipes');
  shell.stdin.on('error', () => undefined); // its end is told by the answer that does not come
  const answers = createInterface({input: shell.stdout})[Symbol.asyncIterator]();
  return async (verb, sandbox, netns) => {
    shell.stdin?.write(`${verb} ${sandbox} ${netns}\n`);
    const answer = await answers.next();
    if (answer.value !== 'done')
      throw new Error(`the bare plugins fail to ${verb}: ${answer.value ?? ''} ${complaint}`.trim());
  };
};

export interface Floor {
  /** Create is unshare, Attach is ADD through the list, Detach is DEL, Delete is umount. There is no Query. */
  readonly chain: Subject;
  /** The cost of the loopback plugin: ADD as Attach, DEL as Detach. */
  readonly loopback: Subject;
}

export const startFloor = async (node: TestNode, list: Conflist, pluginDir: string): Promise<Floor> => {
  await node.run(['mkdir', '-p', '/run/netns']);
  const lane = Array.from({length: lanes}, (_, index) =>
    startLane(node, scriptOf(list, pluginDir, `/run/floor-${index}`)),
  );
  let pods = 0;
  const subject = (name: string, add: Verb, del: Verb): Subject => ({
    name,
    cycle: async (index, timed) => {
      const work = lane[index];
      if (!work) throw new RangeError(`unknown lane ${index}`);
      const [sandbox, netns] = [randomUUID(), `/run/netns/bench-${pods++}`];
      await timed('Create', () => work('unshare', sandbox, netns));
      await timed('Attach', () => work(add, sandbox, netns));
      await timed('Detach', () => work(del, sandbox, netns));
      await timed('Delete', () => work('umount', sandbox, netns));
    },
  });
  return {chain: subject('floor', 'add', 'del'), loopback: subject('loopback', 'lo-add', 'lo-del')};
};
