/** runtime new: creates a project with a network runtime of the user's own. */

import {join, resolve} from 'node:path';
import {UserError} from '../../errors.ts';
import {quoteCommand} from '../../host/quote.ts';
import type {Language} from '../../runtimes/languages.ts';
import {createProject} from '../../runtimes/new.ts';
import {ownRuntime} from '../own-runtime.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface RuntimeNewOptions {
  readonly lang: Language;
  readonly json?: boolean;
}

/** For more files the output shows only their number. */
const mostNamed = 6;

/** Throws UserError, and then leaves nothing behind, if the directory is not empty or cannot be written, or its name has a meaning. */
export const runtimeNew = async (
  world: World,
  dir: string,
  {lang, json}: RuntimeNewOptions,
): Promise<void> => {
  const {say, record} = runOutput(world, json);
  if (dir === ownRuntime)
    throw new UserError({
      what: `cannot create a network runtime in ${dir}`,
      why: `\`kni-demo runtime use ${ownRuntime}\` means kni-demo's own network runtime`,
      tryThis: `choose another name, or run: kni-demo runtime new ./${ownRuntime}`,
      code: 'KNI-E213',
    });
  const directory = resolve(world.directory ?? process.cwd(), dir);
  const files = await createProject(directory, lang);
  record('result', {command: 'runtime new', exitCode: 0, directory, files});
  const visible = files.filter((file) => !file.startsWith('.'));
  const created = visible.length > mostNamed ? `${visible.length} files` : visible.join(', ');
  say(`Created a network runtime in ${dir}: ${created}`);
  say(`  ${join(dir, 'README.md')} explains it by the life of a pod`);
  for (const verb of ['test', 'use', 'dev']) say(`  ${quoteCommand(['kni-demo', ['runtime', verb, dir]])}`);
};
