/** The flags that can also be set by a variable or in kni-demo.yaml. */

import type {Command, Option} from 'commander';

/** A flag that installs, deletes, or belongs to one call must be given each time. */
const excluded = new Set([
  '--yes',
  '--all',
  '--list',
  '--restore',
  '--purge',
  '--purge-foreign',
  '--fix',
  '--runtime-of',
  '--record',
  '--help',
  '--version',
]);

/** `--lock-timeout` → `lock-timeout`; undefined for a flag that only the command line can set. */
export const settingOf = ({long}: Option): string | undefined =>
  long === undefined || long === null || excluded.has(long) ? undefined : long.slice('--'.length);

/** `lock-timeout` → `KNI_DEMO_LOCK_TIMEOUT` */
export const variableOf = (setting: string): string =>
  `KNI_DEMO_${setting.toUpperCase().replaceAll('-', '_')}`;

/** Whether the flag has no value, like --quiet and --no-patch. */
export const isSwitch = ({required, optional}: Option): boolean => !required && !optional;

/** Whether the flag may be given several times. */
export const isList = ({defaultValue}: Option): boolean => Array.isArray(defaultValue);

/** The program and all its commands. */
export const commandsOf = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap(commandsOf),
];

/** All settings by name, each with one of the flags that it sets. */
export const settingsOf = (program: Command): ReadonlyMap<string, Option> => {
  const flags = commandsOf(program).flatMap(({options}) => options);
  return new Map(
    flags.flatMap((option): readonly (readonly [string, Option])[] => {
      const setting = settingOf(option);
      return setting === undefined ? [] : [[setting, option]];
    }),
  );
};
