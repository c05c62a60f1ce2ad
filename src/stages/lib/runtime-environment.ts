/**
 * The environment file of kni.service, with the flags of the network runtime. The node image contains it, so that a new node
 * starts with the right flags. Every change of it goes through this module, which keeps the other flags.
 */

import type {Stack} from '../../stacks/schema.ts';

export const runtimeEnvironment = {name: 'runtime.env', path: '/etc/kni/runtime.env'} as const;

/** By name, without dashes. Undefined removes a flag. No value contains a space, since systemd splits there. */
export type RuntimeFlags = Readonly<Record<string, string | undefined>>;

/** Programs that install a CNI put its plugins into the first, Debian has the reference plugins in the second. */
export const pluginDirs = ['/opt/cni/bin', '/usr/lib/cni'] as const;

/** The CNI configuration of containerd, which is empty: configure-node.sh sets it. */
export const containerdConfDir = '/etc/kni/containerd-net.d';

const variable = 'KNI_RUNTIME_FLAGS';

export const flagsOfStack = ({cluster: {podSubnet}}: Pick<Stack, 'cluster'>): RuntimeFlags => ({
  'pod-subnet': podSubnet,
  // Always both: after the network was replaced, pods still need the plugins of the former one.
  'cni-bin-dir': pluginDirs.join(':'),
  'container-runtime-cni-dir': containerdConfDir,
});

/** The flags in the file. */
export const readFlags = (file: string): RuntimeFlags =>
  Object.fromEntries(
    file
      .split('\n')
      .filter((line) => line.startsWith(`${variable}=`))
      .flatMap((line) => line.slice(variable.length + 1).split(' '))
      .flatMap((flag) => {
        const [, name = '', value = ''] = /^--([a-z-]+)=(.*)$/.exec(flag) ?? [];
        return name === '' ? [] : [[name, value]];
      }),
  );

/** The file with these flags set or removed; the same text if they are. Keeps all other flags, and other variables. */
export const withRuntimeFlags = (file: string, flags: RuntimeFlags): string => {
  const found = readFlags(file);
  if (file !== '' && Object.entries(flags).every(([name, value]) => found[name] === value)) return file;
  const lines = file.split('\n').filter((line) => line !== '');
  const isOurs = (line: string): boolean => line.startsWith(`${variable}=`);
  const present = lines.filter(isOurs).flatMap((line) => line.slice(variable.length + 1).split(' '));
  const kept = present.filter((flag) => flag !== '' && !Object.hasOwn(flags, nameOf(flag)));
  const set = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
  const others = lines.filter((line) => !isOurs(line));
  return [`${variable}=${[...set, ...kept].join(' ')}`, ...others, ''].join('\n');
};

const nameOf = (flag: string): string => /^--([a-z-]+)/.exec(flag)?.[1] ?? flag;
