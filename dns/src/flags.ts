/** The flags of the DNS server. */
import {isIP} from 'node:net';
import {parseArgs} from 'node:util';
import {errorText, type LogLevel, logLevels} from '../../runtime/src/log.ts';

/** The command line is invalid; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Options {
  readonly listen: Address;
  readonly health: Address;
  /** In lower case and without a dot at its end. */
  readonly zone: string;
  readonly service: {readonly namespace: string; readonly name: string};
  readonly resolvConf: string;
  readonly serviceAccount: string;
  readonly stopDelayMs: number;
  readonly logLevel: LogLevel;
}

const flags = {
  listen: {
    type: 'string',
    value: 'IP:PORT',
    default: '0.0.0.0:1053',
    help: 'address for queries over UDP and TCP',
  },
  health: {
    type: 'string',
    value: 'IP:PORT',
    default: '0.0.0.0:8080',
    help: 'HTTP address of /healthz and /readyz',
  },
  zone: {type: 'string', value: 'NAME', default: 'cluster.local', help: 'the domain of the cluster'},
  service: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    default: 'kube-system/kube-dns',
    help: 'the Service of this DNS server',
  },
  'resolv-conf': {
    type: 'string',
    value: 'FILE',
    default: '/etc/resolv.conf',
    help: 'names the resolvers for all other domains',
  },
  'service-account': {
    type: 'string',
    value: 'DIRECTORY',
    default: '/var/run/secrets/kubernetes.io/serviceaccount',
    help: 'token and CA of the API server',
  },
  'stop-delay': {
    type: 'string',
    value: 'SECONDS',
    default: '5',
    help: 'time after SIGTERM in which queries are still answered',
  },
  'log-level': {type: 'string', value: 'LEVEL', default: 'info', help: logLevels.join(', ')},
} as const;

export const usage = (): string =>
  [
    'Usage: kni-dns [flags]',
    '',
    'Answers DNS queries for the Services of a Kubernetes cluster, and forwards all others.',
    '',
    ...Object.entries(flags).map(
      ([name, {value, help, default: text}]) =>
        `  ${`--${name} ${value}`.padEnd(32)}${help} (default: ${text})`,
    ),
    '',
  ].join('\n');

/** Returns undefined for --help. Throws UsageError. */
export const optionsFrom = (args: readonly string[]): Options | undefined => {
  const values = valuesOf(args);
  if (values.help) return undefined;
  return {
    listen: addressOf(values.listen, 'listen'),
    health: addressOf(values.health, 'health'),
    zone: zoneOf(values.zone),
    service: serviceOf(values.service),
    resolvConf: values['resolv-conf'],
    serviceAccount: values['service-account'],
    stopDelayMs: secondsOf(values['stop-delay'], 'stop-delay') * 1000,
    logLevel: levelOf(values['log-level']),
  };
};

const valuesOf = (args: readonly string[]) => {
  try {
    const options = {...flags, help: {type: 'boolean', short: 'h', default: false}} as const;
    return parseArgs({args: [...args], options}).values;
  } catch (error) {
    throw new UsageError(errorText(error), {cause: error});
  }
};

const addressOf = (value: string, flag: string): Address => {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(value) ?? [];
  const ip = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(ip) === 0 || Number(port) > 65_535)
    throw new UsageError(`--${flag} must be IP:PORT, not '${value}'`);
  return {host: ip, port: Number(port)};
};

const zoneOf = (value: string): string => {
  const zone = value.toLowerCase().replace(/\.$/, '');
  if (!/^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*$/.test(zone) || zone.length > 60)
    throw new UsageError(`--zone must be a domain of at most 60 characters, not '${value}'`);
  return zone;
};

const serviceOf = (value: string): Options['service'] => {
  const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9-]+)$/.exec(value) ?? [];
  if (namespace === undefined || name === undefined)
    throw new UsageError(`--service must be NAMESPACE/NAME, not '${value}'`);
  return {namespace, name};
};

const secondsOf = (value: string, flag: string): number => {
  if (!/^\d+(\.\d+)?$/.test(value) || Number(value) > 600)
    throw new UsageError(`--${flag} must be a number of seconds from 0 to 600, not '${value}'`);
  return Number(value);
};

const levelOf = (value: string): LogLevel => {
  const level = logLevels.find((known) => known === value);
  if (level === undefined) throw new UsageError(`--log-level must be one of ${logLevels.join(', ')}`);
  return level;
};
