/** The command line of the network runtime. */
import {hostname} from 'node:os';
import {isAbsolute} from 'node:path';
import {parseArgs} from 'node:util';
import {commands} from './client/commands.ts';
import {errorText, type LogLevel, logLevels} from './log.ts';
import type {MetricsAddress} from './metrics/server.ts';
import {type BackendName, backendNames} from './node/backends.ts';
import {cidrFrom, onePerFamily} from './node/ip-address.ts';

export interface Options {
  readonly socket: string;
  readonly stateDir: string;
  readonly netnsDir: string;
  readonly confDir: string;
  readonly binDirs: readonly string[];
  /** Where the container runtime has its own networks. */
  readonly containerRuntimeCniDir: string;
  /** Where libcni keeps what others have attached. */
  readonly cniCacheDir: string;
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly podSubnets: readonly string[];
  readonly backend: BackendName;
  readonly pluginTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly giveUpAfterMs: number;
  readonly pendingLimit: number;
  readonly logLevel: LogLevel;
  /** Where metrics are served; `undefined`: nowhere. */
  readonly metricsAddress: MetricsAddress | undefined;
  readonly allowPortMappings: boolean;
  readonly selectablePrimary: boolean;
  readonly sharedNamespaces: readonly string[];
}

/** The command line is wrong; the message says what about it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const defaultSocket = '/run/kni/kni.sock';

const flags = {
  socket: {
    type: 'string',
    value: 'PATH',
    default: defaultSocket,
    help: 'unix socket to serve KNI on; its directory must be of mode 0700',
  },
  'state-dir': {
    type: 'string',
    value: 'DIR',
    default: '/var/lib/kni',
    help: 'what has to survive a restart: records, address leases, known nodes',
  },
  'netns-dir': {
    type: 'string',
    value: 'DIR',
    default: '/run/netns',
    help: 'where the netns of pods are mounted',
  },
  'cni-conf-dir': {
    type: 'string',
    value: 'DIR',
    default: '/etc/kni/net.d',
    help: 'network configuration; the first file by name counts',
  },
  'cni-bin-dir': {type: 'string', value: 'DIR[:DIR]', default: '/usr/lib/cni', help: 'CNI plugins'},
  'container-runtime-cni-dir': {
    type: 'string',
    value: 'DIR',
    default: '/etc/cni/net.d',
    help: "the container runtime's own networks: a network named there is never garbage collected",
  },
  'cni-cache-dir': {
    type: 'string',
    value: 'DIR',
    default: '/var/lib/cni',
    help: "what other container runtimes have attached, in libcni's cache: likewise",
  },
  kubeconfig: {
    type: 'string',
    value: 'PATH',
    default: '/etc/kubernetes/kubelet.conf',
    help: 'how to reach the API server; may appear later',
  },
  'node-name': {
    type: 'string',
    value: 'NAME',
    default: hostname().toLowerCase(),
    help: 'name of this Kubernetes node',
  },
  'pod-subnet': {
    type: 'string',
    value: 'CIDR[,CIDR]',
    default: '',
    help: 'pod subnets of the cluster, one of a family; other podCIDRs are refused (default: podCIDRs like the own one)',
  },
  backend: {
    type: 'string',
    value: 'NAME',
    default: 'host-gw',
    help: 'way to pods of other nodes: host-gw (all nodes are on one link) or vxlan (tunnels)',
  },
  'plugin-timeout': {
    type: 'string',
    value: 'SECONDS',
    default: '30',
    help: 'time limit of one call of a CNI plugin',
  },
  'stop-timeout': {
    type: 'string',
    value: 'SECONDS',
    default: '10',
    help: 'time that calls under way have to end after SIGTERM',
  },
  'give-up-after': {
    type: 'string',
    value: 'SECONDS',
    default: '120',
    help: 'time for which DEL may fail, from the first Detach on, before the cleanup becomes pending',
  },
  'pending-limit': {
    type: 'string',
    value: 'NUMBER',
    default: '8',
    help: 'unfinished cleanups with which a network that pods choose refuses further pods',
  },
  'metrics-address': {
    type: 'string',
    value: 'HOST:PORT',
    default: '127.0.0.1:9465',
    help: 'where /metrics and /healthz are served over HTTP; empty: nowhere',
  },
  'allow-port-mappings': {
    type: 'boolean',
    default: false,
    help: 'let pods bind ports of the node by the networks annotation, past PodSecurity and the scheduler',
  },
  'selectable-primary': {
    type: 'boolean',
    default: false,
    help: "let pods select the node's own network again, and take more of its addresses",
  },
  'shared-namespaces': {
    type: 'string',
    value: 'NAME[,NAME]',
    default: '',
    help: 'namespaces whose NetworkAttachmentDefinitions pods of all namespaces can select; *: all',
  },
  'log-level': {type: 'string', value: 'LEVEL', default: 'info', help: logLevels.join(', ')},
} as const;

type Flag = keyof typeof flags;
type TextFlag = {[F in Flag]: (typeof flags)[F]['type'] extends 'string' ? F : never}[Flag];
type Switch = Exclude<Flag, TextFlag>;

export const usage = (): string => {
  const lines = Object.entries(flags).map(([name, flag]) => {
    const shown = flag.default ? ` (default: ${flag.default})` : '';
    const value = 'value' in flag ? ` ${flag.value}` : '';
    return `  ${`--${name}${value}`.padEnd(38)}${flag.help}${shown}`;
  });
  return [
    'Usage: kni-runtime [flags]',
    '       kni-runtime COMMAND [--socket PATH]',
    '',
    'Serves KNI, the Kubernetes Networking Interface, by way of CNI plugins. A command asks the one that runs:',
    '',
    ...commands.map(({name, argument = '', help}) => `  ${`${name} ${argument}`.padEnd(38)}${help}`),
    '',
    'A command prints one JSON document. Exit codes: 0 done, 1 failed or not healthy, 2 wrong usage.',
    '',
    ...lines,
    '',
  ].join('\n');
};

/** `undefined` when help is asked for. */
export const optionsFrom = (args: readonly string[]): Options | undefined => {
  const values = valuesOf(args);
  if (values === undefined) return undefined;
  return {
    socket: absolute('socket', values),
    stateDir: absolute('state-dir', values),
    netnsDir: absolute('netns-dir', values),
    confDir: absolute('cni-conf-dir', values),
    binDirs: values['cni-bin-dir']
      .split(':')
      .map((dir) => absolute('cni-bin-dir', {...values, 'cni-bin-dir': dir})),
    containerRuntimeCniDir: absolute('container-runtime-cni-dir', values),
    cniCacheDir: absolute('cni-cache-dir', values),
    kubeconfig: absolute('kubeconfig', values),
    nodeName: values['node-name'],
    podSubnets: podSubnets(values),
    backend: oneOf('backend', backendNames, values),
    pluginTimeoutMs: milliseconds('plugin-timeout', values),
    stopTimeoutMs: milliseconds('stop-timeout', values),
    giveUpAfterMs: milliseconds('give-up-after', values),
    pendingLimit: positive('pending-limit', values),
    logLevel: oneOf('log-level', logLevels, values),
    metricsAddress: address('metrics-address', values),
    allowPortMappings: values['allow-port-mappings'],
    selectablePrimary: values['selectable-primary'],
    sharedNamespaces: namespaces('shared-namespaces', values),
  };
};

type Values = Readonly<Record<TextFlag, string> & Record<Switch, boolean>>;

const valuesOf = (args: readonly string[]): Values | undefined => {
  try {
    const options = {...flags, help: {type: 'boolean', short: 'h', default: false}} as const;
    const {help, ...values} = parseArgs({args: [...args], options}).values;
    return help ? undefined : values;
  } catch (error) {
    throw new UsageError(errorText(error), {cause: error});
  }
};

/** Also without `.` or `..` in it: paths are compared as text. */
const absolute = (flag: TextFlag, values: Values): string => {
  const path = values[flag].replace(/(?<=.)\/+$/, '');
  const parts = path.split('/').slice(1);
  if (!isAbsolute(path) || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new UsageError(`--${flag} must be an absolute path, not '${path}'`);
  }
  return path;
};

const podSubnets = (values: Values): string[] => {
  const value = values['pod-subnet'];
  if (value === '') return [];
  const subnets = value.split(',').flatMap((cidr) => cidrFrom(cidr) ?? []);
  if (subnets.length < value.split(',').length || onePerFamily(subnets).length < subnets.length)
    throw new UsageError(`--pod-subnet must be a subnet, or two of different families, not '${value}'`);
  return subnets;
};

const namespaces = (flag: TextFlag, values: Values): string[] => {
  const names = values[flag] === '' ? [] : values[flag].split(',');
  if (!names.every((name) => name === '*' || /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)))
    throw new UsageError(`--${flag} must be namespaces separated by commas, or *, not '${values[flag]}'`);
  return names;
};

/** An IPv6 address stands in brackets. */
const address = (flag: TextFlag, values: Values): MetricsAddress | undefined => {
  const value = values[flag];
  if (value === '') return undefined;
  const [, host = '', port = ''] = /^(\[[\da-fA-F:.]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(value) ?? [];
  if (host === '' || Number(port) > 65_535) {
    throw new UsageError(`--${flag} must be HOST:PORT or empty, not '${value}'`);
  }
  return {host: host.replaceAll(/[[\]]/g, ''), port: Number(port)};
};

const milliseconds = (flag: TextFlag, values: Values): number => {
  const seconds = Number(values[flag]);
  if (!(seconds > 0 && seconds <= 3600))
    throw new UsageError(`--${flag} must be a number of seconds, not '${values[flag]}'`);
  return seconds * 1000;
};

const positive = (flag: TextFlag, values: Values): number => {
  const number = Number(values[flag]);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new UsageError(`--${flag} must be a number from 1 on, not '${values[flag]}'`);
  return number;
};

const oneOf = <Name extends string>(flag: TextFlag, names: readonly Name[], values: Values): Name => {
  const found = names.find((name) => name === values[flag]);
  if (!found) throw new UsageError(`--${flag} must be one of ${names.join(', ')}`);
  return found;
};
