/**
 * A small network runtime for tests, without kni-demo's SDK and without the log line that the proof knows: a netns for each pod,
 * with a veth pair on a bridge and an address of the node's podCIDR.
 */
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {create, type DescMethodUnary, type MessageInitShape, type MessageShape} from '@bufbuild/protobuf';
import {Server, ServerCredentials, status} from '@grpc/grpc-js';
import {KNI} from '../../../runtime/src/gen/kni_pb.ts';
import {serviceDefinitionOf} from '../../../runtime/src/server/service-definition.ts';

const variable = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const [socket, state, netnsDir] = ['KNI_SOCKET', 'KNI_STATE_DIR', 'KNI_NETNS_DIR'].map(variable) as [
  string,
  string,
  string,
];
const [subnet = ''] = variable('KNI_POD_CIDRS').split(',');
const prefix = subnet.replace(/\.0\/24$/, '');
const bridge = 'own0';
const greeting = 'hello';

const ip = (...args: readonly string[]): string => execFileSync('ip', args, {encoding: 'utf8'});

/** One file for each pod network, named by the last byte of its address. */
interface Stored {
  readonly netns: string;
  sandbox?: string;
}
const fileOf = (address: number): string => join(state, `${address}.json`);
const records = (): readonly (Stored & {readonly address: number})[] =>
  readdirSync(state).map((name) => ({
    ...(JSON.parse(readFileSync(join(state, name), 'utf8')) as Stored),
    address: Number.parseInt(name, 10),
  }));

class Refused extends Error {
  readonly status: number;
  constructor(code: number, message: string) {
    super(message);
    this.status = code;
  }
}

const ipconfigsOf = (address: number) => ({eth0: {ip: [`${prefix}.${address}`]}});

const remove = (found: ReturnType<typeof records>[number] | undefined): void => {
  if (found === undefined) return;
  if (existsSync(join(netnsDir, found.netns))) ip('netns', 'delete', found.netns);
  rmSync(fileOf(found.address));
};

type Handler<M extends DescMethodUnary> = (
  request: MessageShape<M['input']>,
) => MessageInitShape<M['output']>;
const handlers: {[Name in keyof typeof KNI.method]: Handler<(typeof KNI.method)[Name]>} = {
  createNetwork({uid, extradata}) {
    const netns = `own-${uid}-${extradata['attempt'] ?? '0'}`;
    if (!records().some((each) => each.netns === netns)) {
      const used = new Set(records().map(({address}) => address));
      const address = Array.from({length: 250}, (_, index) => index + 2).find((each) => !used.has(each)) ?? 0;
      writeFileSync(fileOf(address), JSON.stringify({netns} satisfies Stored));
    }
    if (!existsSync(join(netnsDir, netns))) ip('netns', 'add', netns);
    return {netnsPath: join(netnsDir, netns)};
  },
  attachInterface({id, isolation}) {
    const netns = isolation?.path.split('/').at(-1) ?? '';
    const found = records().find((each) => each.netns === netns);
    if (found === undefined) throw new Refused(status.FAILED_PRECONDITION, `no network ${netns}`);
    if (found.sandbox !== id) {
      const host = `own${found.address}`;
      ip('link', 'add', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns);
      ip('link', 'set', host, 'master', bridge, 'up');
      ip('-n', netns, 'link', 'set', 'lo', 'up');
      ip('-n', netns, 'addr', 'add', `${prefix}.${found.address}/24`, 'dev', 'eth0');
      ip('-n', netns, 'link', 'set', 'eth0', 'up');
      ip('-n', netns, 'route', 'add', 'default', 'via', `${prefix}.1`);
      writeFileSync(fileOf(found.address), JSON.stringify({netns, sandbox: id} satisfies Stored));
    }
    process.stdout.write(`${greeting}: attached ${prefix}.${found.address}\n`);
    return {ipconfigs: ipconfigsOf(found.address)};
  },
  detachInterface: () => ({}),
  deleteNetwork({id, netnsPath}) {
    remove(records().find(({sandbox, netns}) => sandbox === id || netnsPath.endsWith(`/${netns}`)));
    return {};
  },
  queryPodNetwork({id}) {
    const found = records().find(({sandbox}) => sandbox === id);
    if (found === undefined) throw new Refused(status.NOT_FOUND, `unknown sandbox ${id}`);
    return {ipconfigs: ipconfigsOf(found.address)};
  },
  setupNodeNetwork: () => ({}),
  queryNodeNetworks: () => ({networks: [{name: 'own', ready: true}]}),
};

mkdirSync(state, {recursive: true});
if (!existsSync(`/sys/class/net/${bridge}`)) {
  ip('link', 'add', bridge, 'type', 'bridge');
  ip('addr', 'add', `${prefix}.1/24`, 'dev', bridge);
}
ip('link', 'set', bridge, 'up');

const server = new Server();
const add = <M extends DescMethodUnary>(method: M, handle: Handler<M>) => [
  method.name,
  (call: {request: MessageShape<M['input']>}, reply: (error: object | null, answer?: object) => void) => {
    try {
      reply(null, create(method.output, handle(call.request)));
    } catch (error) {
      const code = error instanceof Refused ? error.status : status.INTERNAL;
      reply({code, details: error instanceof Error ? error.message : String(error)});
    }
  },
];
server.addService(
  serviceDefinitionOf(KNI),
  Object.fromEntries(
    Object.entries(KNI.method).map(([name, method]) =>
      add(method, handlers[name as keyof typeof handlers] as never),
    ),
  ),
);
server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  process.stdout.write(`${greeting}: serving KNI on ${socket}\n`);
});
process.once('SIGTERM', () => server.tryShutdown(() => process.exit(0)));
