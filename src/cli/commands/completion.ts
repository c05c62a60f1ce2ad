/** completion: prints a script for a shell, which asks kni-demo itself for the candidates. */

import type {Command, Option} from 'commander';
import {dirsOf} from '../../cache/dirs.ts';
import {recordedClusters} from '../../cluster/cluster.ts';
import {ownNetwork} from '../../networks/network.ts';
import {project} from '../../project.ts';
import {stackNames} from '../../stacks/load.ts';
import {lineWriter} from '../../view/stream.ts';
import type {World} from '../world.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Without candidates, the shells complete file names. */
const scripts: Readonly<Record<Shell, string>> = {
  bash: `_kni_demo() {
  local IFS=$'\\n'
  COMPREPLY=($(kni-demo __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _kni_demo kni-demo`,
  zsh: `#compdef kni-demo
_kni_demo() {
  local -a found
  found=("\${(@f)$(kni-demo __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[*]}" ]]; then compadd -a found; else _files; fi
}
compdef _kni_demo kni-demo`,
  fish: `function _kni_demo
  set -l found (kni-demo __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c kni-demo -f -a '(_kni_demo)'`,
};

export const completion = ({stdout}: World, shell: Shell): void => lineWriter(stdout)(scripts[shell]);

/** Prints the candidates for the last of `words`, one per line. `words` are those after `kni-demo`. */
export const complete = async (world: World, program: Command, words: readonly string[]): Promise<void> => {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const write = lineWriter(world.stdout);
  for (const candidate of await candidatesFor(world, program, {before, current}))
    if (candidate.startsWith(current)) write(candidate);
};

const candidatesFor = async (
  world: World,
  program: Command,
  {before, current}: {readonly before: readonly string[]; readonly current: string},
): Promise<readonly string[]> => {
  let command = program;
  let waiting: Option | undefined;
  for (const word of before) {
    if (waiting !== undefined) {
      waiting = undefined;
      continue;
    }
    const option = command.options.find(({short, long}) => word === short || word === long);
    if (option?.required) waiting = option;
    command =
      command.commands.find((each) => each.name() === word || each.aliases().includes(word)) ?? command;
  }
  if (waiting !== undefined) return valuesOf(world, waiting);
  if (current.startsWith('-'))
    return [...command.options.flatMap(({long}) => (long ? [long] : [])), '--help'];
  const choices = command.registeredArguments.flatMap(({argChoices}) => argChoices ?? []);
  return [...command.commands.map((each) => each.name()).filter((name) => !name.startsWith('_')), ...choices];
};

const valuesOf = async ({env}: World, {long, argChoices}: Option): Promise<readonly string[]> => {
  if (argChoices !== undefined) return argChoices;
  if (long === '--stack') return stackNames(project.stacks);
  if (long === '--cni') return [ownNetwork, ...(await stackNames(project.networks))];
  if (long === '--name') return recordedClusters(dirsOf(env));
  return [];
};
