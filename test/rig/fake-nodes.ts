/** Two nodes that remember their files, and an API server that remembers its objects: for tasks that change both. */

import {CommandError} from '../../src/host/command-error.ts';
import type {Command, Host} from '../../src/host/host.ts';
import {parseManifest} from '../../src/networks/manifest.ts';
import {removeOwnBridge} from '../../src/stages/lib/network-on-node.ts';
import {listNodeContainers} from '../../src/tools/docker.ts';
import {askNetworks, releaseSandboxes} from '../../src/tools/kni-runtime.ts';
import {demoContext, node, printed} from './demo.ts';
import {tempDir} from './temp-dir.ts';

export const [control, worker] = ['test1-control-plane', 'test1-worker'] as const;

/** Absolute path → text. */
type Files = Record<string, string>;

export interface FakeNodes extends Host {
  readonly files: Readonly<Record<string, Files>>;
  /** `DaemonSet/agent` */
  readonly objects: Set<string>;
  /** What changed the nodes and the objects: `test1-worker: systemctl stop kubelet`, `apply DaemonSet/agent`. */
  readonly changes: string[];
  /** A change whose line has this end fails. */
  failing: string | undefined;
}

export interface FakeNodesOptions {
  /** Of both nodes. */
  readonly files?: Readonly<Files>;
  readonly objects?: readonly string[];
  /** Plugins that no node has. */
  readonly missingPlugins?: readonly string[];
  /** The first line of the drop-in of a network runtime of the user. */
  readonly userRuntime?: string;
}

export const fakeNodes = ({
  files: first = {},
  objects: existing = [],
  missingPlugins = [],
  userRuntime = '',
}: FakeNodesOptions = {}): FakeNodes => {
  const files: Record<string, Files> = {[control]: {...first}, [worker]: {...first}};
  const objects = new Set(existing);
  const changes: string[] = [];
  const change = (command: Command, line: string): string => {
    changes.push(line);
    if (nodes.failing !== undefined && line.endsWith(nodes.failing))
      throw new CommandError(command, {reason: 'exit code 1', exitStatus: 1});
    return '';
  };

  const ofApi = (command: Command, args: readonly string[], input: string): string => {
    if (args.includes('leases'))
      return listOf(([name]) => ({metadata: {name}, spec: {renewTime: '2999-01-01T00:00:00Z'}}));
    if (args.includes('nodes'))
      return listOf(([name, podCidr]) => ({metadata: {name}, spec: {podCIDRs: [podCidr]}}));
    const named = parseManifest(input).map(({kind, metadata}) => `${kind}/${metadata.name}`);
    if (args.includes('get')) return named.filter((name) => objects.has(name)).join('\n');
    const verb = args.includes('delete') ? 'delete' : 'apply';
    change(command, `${verb} ${named.join(' ')}`);
    for (const name of named) objects[verb === 'delete' ? 'delete' : 'add'](name);
    return '';
  };

  const onNode = (name: string, [file, args]: Command, command: Command, input: string): string => {
    const own = files[name] ?? {};
    const isCommand = (other: Command): boolean => JSON.stringify(other) === JSON.stringify([file, args]);
    const [, script = '', , ...rest] = file === 'sh' ? args : [];
    if (file === 'kubectl') return ofApi(command, args, input);
    if (file === 'systemctl') return change(command, `${name}: systemctl ${args.join(' ')}`);
    if (isCommand(releaseSandboxes)) return change(command, `${name}: release sandboxes`);
    if (isCommand(removeOwnBridge)) return change(command, `${name}: remove kni0`);
    if (isCommand(askNetworks)) return '{}';
    if (isCommand(['kni-runtime', ['--help']])) return 'release-sandboxes';
    if (script.includes('50-user-runtime.conf')) return userRuntime;
    if (script.startsWith('for type')) return missingPlugins.join('\n');
    if (script.startsWith('cat ')) return (own[rest[0] ?? ''] ?? '').trimEnd();
    if (script.startsWith('for path')) return rest.map((path) => encoded(own[path])).join('\n');
    if (script.startsWith('while read -r mode'))
      return change(command, `${name}: ${writeFiles(own, input).join(', ')}`);
    if (script.includes('ip link delete')) return change(command, `${name}: remove leftovers ${rest[1]}`);
    throw new Error(`unexpected command on ${name}: ${[file, ...args].join(' ')}`);
  };

  const nodes: FakeNodes = {
    files,
    objects,
    changes,
    failing: undefined,
    async run(command, {input} = {}) {
      if (JSON.stringify(command) === JSON.stringify(listNodeContainers('test1')))
        return {stdout: printed(node(control), node(worker)).join('\n'), stderr: ''};
      const [file, args] = command;
      if (args.join(' ').startsWith('network inspect')) return {stdout: networkOfNodes, stderr: ''};
      if (file !== 'docker' || args[0] !== 'exec') throw new Error(`unexpected command: ${file}`);
      const [name = '', program = '', ...rest] = args.slice(args[1] === '-i' ? 2 : 1);
      return {stdout: onNode(name, [program, rest], command, String(input ?? '')), stderr: ''};
    },
  };
  return nodes;
};

const networkOfNodes = JSON.stringify({Id: '0123', IPAM: {Config: [{Subnet: '172.18.0.0/16'}]}});
const podCidrs = [
  [control, '10.244.0.0/24'],
  [worker, '10.244.1.0/24'],
] as const;
const listOf = (item: (node: (typeof podCidrs)[number]) => object): string =>
  JSON.stringify({items: podCidrs.map(item)});

/** As the script that saves files prints them. */
const encoded = (text: string | undefined): string =>
  text === undefined ? '-' : `644 b:${Buffer.from(text).toString('base64')}`;

/** Follows the input of the script that writes files. */
const writeFiles = (files: Files, input: string): readonly string[] =>
  input
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [mode, content = '', path = ''] = line.split(' ');
      if (mode === '-') {
        delete files[path];
        return `rm ${path}`;
      }
      files[path] = Buffer.from(content.slice('b:'.length), 'base64').toString();
      return `write ${path}`;
    });

/** A demo on these nodes. */
export const demoOn = async (nodes: Host) => {
  const dir = await tempDir();
  return {
    context: await demoContext(dir, nodes),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
};
