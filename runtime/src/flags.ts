/** The command line of the network runtime. */
import {hostname} from 'node:os';
import {parseArgs} from 'node:util';
import {commands} from './client/commands.ts';
import {
  absolutePath,
  absolutePaths,
  hostAndPort,
  milliseconds,
  namespaces,
  oneOf,
  pluginTypes,
  podSubnets,
  positive,
  UsageError,
} from './flag-values.ts';
import {errorText, type LogLevel, logLevels} from './log.ts';
import type {MetricsAddress} from './metrics/server.ts';
import {type BackendName, backendNames} from './node/backends.ts';

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
  /** The network that others configure; undefined if the runtime writes the configuration. */
  readonly foreignNetwork: string | undefined;
  /** Absolute paths of files without which the plugins cannot attach pods. */
  readonly neededFiles: readonly string[];
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
    help: 'routing to pods of other nodes: host-gw (all nodes share one link), vxlan (tunnels), or none (another program does it)',
  },
  'foreign-network': {
    type: 'string',
    value: 'NAME',
    default: '',
    help: 'a name for the network that another program or the user configures; without it, the configuration is written here',
  },
  'needed-files': {
    type: 'string',
    value: 'PATH[,PATH]',
    default: '',
    help: 'files without which the plugins cannot attach pods; the node is not ready while one is missing',
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
    'A command prints one JSON document, `events` one per line. Exit codes: 0 success, 1 failed or not healthy, 2 wrong usage.',
    '',
    ...lines,
    '',
  ].join('\n');
};

/** Returns undefined for --help. */
export const optionsFrom = (args: readonly string[]): Options | undefined => {
  const values = valuesOf(args);
  if (values === undefined) return undefined;
  const read = <T>(flag: TextFlag, parse: (value: string, flag: string) => T): T => parse(values[flag], flag);
  return {
    socket: read('socket', absolutePath),
    stateDir: read('state-dir', absolutePath),
    netnsDir: read('netns-dir', absolutePath),
    confDir: read('cni-conf-dir', absolutePath),
    binDirs: read('cni-bin-dir', (value, flag) => value.split(':').map((dir) => absolutePath(dir, flag))),
    containerRuntimeCniDir: read('container-runtime-cni-dir', absolutePath),
    cniCacheDir: read('cni-cache-dir', absolutePath),
    kubeconfig: read('kubeconfig', absolutePath),
    nodeName: values['node-name'],
    podSubnets: read('pod-subnet', podSubnets),
    backend: backendOf(values),
    foreignNetwork: values['foreign-network'] || undefined,
    neededFiles: read('needed-files', absolutePaths),
    pluginTimeoutMs: read('plugin-timeout', milliseconds),
    startEarly: read('start-early', pluginTypes),
    stopTimeoutMs: read('stop-timeout', milliseconds),
    repairIntervalMs: read('repair-interval', milliseconds),
    giveUpAfterMs: read('give-up-after', milliseconds),
    pendingLimit: read('pending-limit', positive),
    logLevel: read('log-level', oneOf(logLevels)),
    metricsAddress: read('metrics-address', hostAndPort),
    allowPortMappings: values['allow-port-mappings'],
    selectablePrimary: values['selectable-primary'],
    sharedNamespaces: read('shared-namespaces', namespaces),
  };
};

const backendOf = (values: Values): BackendName => {
  const backend = oneOf(backendNames)(values.backend, 'backend');
  // A configuration without routes would give pods unreachable addresses.
  if (backend === 'none' && values['foreign-network'] === '')
    throw new UsageError(
      '--backend none needs --foreign-network: the program that routes packets to other nodes also configures the network',
    );
  return backend;
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
