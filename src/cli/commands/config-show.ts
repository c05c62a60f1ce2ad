/** config show: prints every setting with its value and its origin. */

import type {Command} from 'commander';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {columns} from '../../view/table.ts';
import {type Origin, originText, readSettings} from '../settings/apply.ts';
import {commandsOf, isSwitch, settingOf, settingsOf, variableOf} from '../settings/flags.ts';
import type {World} from '../world.ts';

export interface ConfigShowOptions {
  readonly json?: boolean;
}

interface Row {
  readonly setting: string;
  readonly value: string;
  readonly origin: Origin | {readonly kind: 'default'};
}

/** Throws UserError (exit code `badInput`) for an invalid kni-demo.yaml. */
export const configShow = async (
  world: World,
  program: Command,
  {json = false}: ConfigShowOptions,
): Promise<void> => {
  const directory = world.directory ?? process.cwd();
  const settings = await readSettings(program, {env: world.env, directory});
  const rows = [...settingsOf(program).keys()].sort().map((setting): Row => {
    const found = settings.get(setting);
    return found === undefined
      ? {setting, value: defaultOf(program, setting), origin: {kind: 'default'}}
      : {setting, value: found.values.join(' '), origin: found.origin};
  });
  const write = lineWriter(world.stdout);
  if (json) {
    const lines = rows.map((row) => ({...row, variable: variableOf(row.setting)}));
    return write(JSON.stringify({settings: lines}));
  }
  const [header = '', ...lines] = columns([
    ['SETTING', 'VALUE', 'ORIGIN'],
    ...rows.map(({setting, value, origin}) => [
      setting,
      value || '-',
      origin.kind === 'default' ? 'default' : originText(origin),
    ]),
  ]);
  const paint = paletteOf(world.stdout);
  write(paint.dim(header));
  for (const [index, line] of lines.entries())
    write(rows[index]?.origin.kind === 'default' ? line : paint.green(line));
};

/** Commands may have different defaults: `30m or 0`. */
const defaultOf = (program: Command, setting: string): string => {
  const flags = commandsOf(program)
    .flatMap(({options}) => options)
    .filter((option) => settingOf(option) === setting);
  const texts = flags.map((option) =>
    isSwitch(option)
      ? 'false'
      : Array.isArray(option.defaultValue)
        ? ''
        : (option.defaultValueDescription ?? String(option.defaultValue ?? '')),
  );
  return [...new Set(texts)].filter(Boolean).join(' or ');
};
