/** The command line of the network runtime. */
import {hostname} from 'node:os';
import {isAbsolute} from 'node:path';
import {parseArgs} from 'node:util';
import {commands} from './client/commands.ts';
import {isPluginType} from './cni/conflist.ts';
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
  /** CNI configuration of the container runtime. */
  readonly containerRuntimeCniDir: string;
  /** libcni's cache of the attachments of other container runtimes. */
  readonly cniCacheDir: string;
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly podSubnets: readonly string[];
  readonly backend: BackendName;
  readonly pluginTimeoutMs: number;
  /** Types of CNI plugins. */
  readonly startEarly: ReadonlySet<string>;
  readonly stopTimeoutMs: number;
  readonly repairIntervalMs: number;
  readonly giveUpAfterMs: number;
  readonly pendingLimit: number;
  readonly logLevel: LogLevel;
  /** Without it, metrics are not served. */
  readonly metricsAddress: MetricsAddress | undefined;
  readonly allowPortMappings: boolean;
  readonly selectablePrimary: boolean;
  readonly sharedNamespaces: readonly string[];
}

/** The command line is invalid; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const defaultSocket = '/run/kni/kni.sock';

const flags = {
  socket: {
    type: 'string',
    value: 'PATH',
    default: defaultSocket,
    help: 'unix socket to serve KNI on; its directory must have mode 0700',
  },
  'state-dir': {
    type: 'string',
    value: 'DIR',
    default: '/var/lib/kni',
    help: 'state that survives a restart: records, address leases, known nodes',
  },
  'netns-dir': {
    type: 'string',
    value: 'DIR',
    default: '/run/netns',
    help: 'directory for the netns of pods',
  },
  'cni-conf-dir': {
    type: 'string',
    value: 'DIR',
    default: '/etc/kni/net.d',
    help: 'CNI configuration of the node; the first file by name is used',
  },
  'cni-bin-dir': {type: 'string', value: 'DIR[:DIR]', default: '/usr/lib/cni', help: 'CNI plugins'},
  'container-runtime-cni-dir': {
    type: 'string',
    value: 'DIR',
    default: '/etc/cni/net.d',
    help: 'CNI configuration of the container runtime; its networks are never garbage collected',
  },
  'cni-cache-dir': {
    type: 'string',
    value: 'DIR',
    default: '/var/lib/cni',
    help: 'libcni cache of other container runtimes; its networks are never garbage collected',
  },
  kubeconfig: {
    type: 'string',
    value: 'PATH',
    default: '/etc/kubernetes/kubelet.conf',
    help: 'kubeconfig for the API server; the file may appear later',
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
    help: 'pod subnets of the cluster, one per IP family; other podCIDRs are refused (default: derived from the podCIDR of this node)',
  },
  backend: {
    type: 'string',
    value: 'NAME',
    default: 'host-gw',
    help: 'routing to pods of other nodes: host-gw (all nodes share one link) or vxlan (tunnels)',
  },
  'plugin-timeout': {
    type: 'string',
    value: 'SECONDS',
    default: '30',
    help: 'time limit of one call of a CNI plugin',
  },
  'start-early': {
    type: 'string',
    value: 'TYPE[,TYPE]',
    default: 'bandwidth,bridge,firewall,host-device,ipvlan,macvlan,portmap,ptp,sbr,tuning,vlan,vrf',
    help: 'plugins that wait for their stdin before they do anything: they start while the plugin before them works; empty: none',
  },
  'stop-timeout': {
    type: 'string',
    value: 'SECONDS',
    default: '10',
    help: 'time for calls in progress to finish after SIGTERM',
  },
  'repair-interval': {
    type: 'string',
    value: 'SECONDS',
    default: '60',
    help: 'time after which rules and routes of the node are restored, which other programs may have flushed',
  },
  'give-up-after': {
    type: 'string',
    value: 'SECONDS',
    default: '120',
    help: 'time from the first DetachInterface on after which a failing cleanup becomes pending',
  },
  'pending-limit': {
    type: 'string',
    value: 'NUMBER',
    default: '8',
    help: 'number of unfinished cleanups at which a selected network refuses new pods',
  },
  'metrics-address': {
    type: 'string',
    value: 'HOST:PORT',
    default: '127.0.0.1:9465',
    help: 'HTTP address of /metrics and /healthz; empty: do not serve them',
  },
  'allow-port-mappings': {
    type: 'boolean',
    default: false,
    help: 'allow host ports in the networks annotation; PodSecurity and the scheduler do not see them',
  },
  'selectable-primary': {
    type: 'boolean',
    default: false,
    help: "allow pods to select the node's own network a second time, which uses more of its addresses",
  },
  'shared-namespaces': {
    type: 'string',
    value: 'NAME[,NAME]',
    default: '',
    help: 'namespaces whose NetworkAttachmentDefinitions every pod may select; *: all namespaces',
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
    'Serves KNI, the Kubernetes Networking Interface, with CNI plugins. A command asks the running network runtime:',
    '',
    ...commands.map(({name, argument = '', help}) => `  ${`${name} ${argument}`.padEnd(38)}${help}`),
    '',
    'A command prints one JSON document. Exit codes: 0 success, 1 failed or not healthy, 2 wrong usage.',
    '',
    ...lines,
    '',
  ].join('\n');
};

/** Returns undefined for --help. */
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
    startEarly: pluginTypes('start-early', values),
    stopTimeoutMs: milliseconds('stop-timeout', values),
    repairIntervalMs: milliseconds('repair-interval', values),
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

/** `.` and `..` are refused because paths are compared as text. */
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
    throw new UsageError(`--pod-subnet must be one subnet per IP family, not '${value}'`);
  return subnets;
};

const namespaces = (flag: TextFlag, values: Values): string[] => {
  const names = values[flag] === '' ? [] : values[flag].split(',');
  if (!names.every((name) => name === '*' || /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)))
    throw new UsageError(`--${flag} must be * or namespaces separated by commas, not '${values[flag]}'`);
  return names;
};

const pluginTypes = (flag: TextFlag, values: Values): ReadonlySet<string> => {
  const types = values[flag] === '' ? [] : values[flag].split(',');
  if (!types.every(isPluginType))
    throw new UsageError(`--${flag} must be types of CNI plugins separated by commas, not '${values[flag]}'`);
  return new Set(types);
};

/** IPv6 addresses are written in brackets. */
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
    throw new UsageError(
      `--${flag} must be a number of seconds above 0 and up to 3600, not '${values[flag]}'`,
    );
  return seconds * 1000;
};

const positive = (flag: TextFlag, values: Values): number => {
  const number = Number(values[flag]);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new UsageError(`--${flag} must be a whole number of at least 1, not '${values[flag]}'`);
  return number;
};

const oneOf = <Name extends string>(flag: TextFlag, names: readonly Name[], values: Values): Name => {
  const found = names.find((name) => name === values[flag]);
  if (!found) throw new UsageError(`--${flag} must be one of ${names.join(', ')}`);
  return found;
};
