/**
 * The environment file of kni.service, with the flags of the network runtime. The node image contains it, so that a new node
 * starts with the right flags. All that change it go through this file, so that no one loses the flags of another.
 */

import type {Stack} from '../../stacks/schema.ts';

export const runtimeEnvironment = {name: 'runtime.env', path: '/etc/kni/runtime.env'} as const;

/** By name, without dashes. Undefined removes a flag. No value contains a space, since systemd splits there. */
export type RuntimeFlags = Readonly<Record<string, string | undefined>>;

const variable = 'KNI_RUNTIME_FLAGS';

export const flagsOfStack = ({cluster: {podSubnet}}: Pick<Stack, 'cluster'>): RuntimeFlags => ({
  'pod-subnet': podSubnet,
});

/** The file with these flags set or removed. Keeps all others, and other variables. */
export const withRuntimeFlags = (file: string, flags: RuntimeFlags): string => {
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
