/** bundle: saves the demo in one file, and loads that file on a machine without a network. */

import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {loadBundleImages, openBundle, placeItems} from '../../bundle/load.ts';
import {bundledTasks, refuseTaken, saveBundle} from '../../bundle/save.ts';
import {markDirectories} from '../../cache/marker.ts';
import {nameFlag} from '../../cluster/cluster.ts';
import {defaultCluster} from '../../cluster/names.ts';
import {fingerprintsOf} from '../../graph/fingerprint.ts';
import {makeDirectory} from '../../make-directory.ts';
import {nodeImage as nodeImageTask} from '../../stages/build/node-image.ts';
import type {DemoContext} from '../../stages/context.ts';
import {demoPlan} from '../../stages/demo.ts';
import {requirementIds} from '../../stages/host/requirements.ts';
import {requireAll, surveyHost, surveyLines} from '../../stages/host/survey.ts';
import {imageOf} from '../../stages/lib/products.ts';
import {inScratch} from '../../stages/lib/scratch.ts';
import {contextOf} from '../prepare-run.ts';
import {runLocked} from '../run-locked.ts';
import {runOutput} from '../run-output.ts';
import {runWithView} from '../run-with-view.ts';
import type {World} from '../world.ts';

export interface BundleOptions {
  /** Default: the stack of the cluster, or else bookworm. */
  readonly stack?: string;
  /** The cluster whose stack is the default. */
  readonly name: string;
  readonly yes?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

export const bundleSave = async (world: World, file: string, options: BundleOptions): Promise<void> => {
  const {signal} = world;
  const {lockTimeout} = options;
  const {say, note, record} = runOutput(world, options.json);
  await refuseTaken(file);
  const context = await contextOfBundle(world, options, say);
  await runLocked(
    context.dirs,
    {command: 'kni-demo bundle save', lockTimeout, say: note, signal},
    async () => {
      const {plan, fingerprintOf} = await planBundle(context);
      await checkHost(context, signal, say);
      await markDirectories(context.dirs);
      await runWithView({
        plan,
        targets: Object.values(bundledTasks(context.stack)).flat(),
        context,
        fingerprintOf,
        stream: world.stdout,
        flags: options,
        signal,
      });
      const {images, items} = await saveBundle({context, fingerprintOf, file, signal, say});
      const {size} = await stat(file);
      const contents = [...images, ...items.map((item) => item.name)];
      for (const name of contents) say(`+ ${name}`);
      record('result', {
        command: 'bundle save',
        exitCode: 0,
        stack: context.stack.name,
        file,
        bytes: size,
        contents,
      });
      say(
        `saved ${file} (${Math.ceil(size / 2 ** 20)} MB). On the other machine: kni-demo bundle load ${file}`,
      );
    },
  );
};

export const bundleLoad = async (world: World, file: string, options: BundleOptions): Promise<void> => {
  const {signal} = world;
  const {lockTimeout} = options;
  const {say, note, record} = runOutput(world, options.json);
  const context = await contextOfBundle(world, options, say);
  const {dirs} = context;
  await runLocked(dirs, {command: 'kni-demo bundle load', lockTimeout, say: note, signal}, async () => {
    const {plan, fingerprintOf} = await planBundle(context);
    const nodeImage = imageOf(nodeImageTask.id, {fingerprintOf});
    await markDirectories(dirs);
    makeDirectory(join(dirs.cache, 'artifacts'));
    await inScratch(dirs, 'bundle', fingerprintOf(nodeImageTask.id), async (scratch) => {
      say(`checking ${file}`);
      const manifest = await openBundle({context, file, scratch, nodeImage, signal});
      await placeItems(manifest, scratch, context);
      // The host is checked only now, because the bundle may contain the docker engine and kind.
      await checkHost(context, signal, say);
      await runWithView({
        plan,
        targets: requirementIds,
        context,
        fingerprintOf,
        stream: world.stdout,
        flags: options,
        signal,
      });
      say(`loading ${manifest.images.join(', ')}`);
      await loadBundleImages(manifest, scratch, context, signal);
      const contents = [...manifest.images, ...manifest.items.map((item) => item.name)];
      for (const name of contents) say(`+ ${name}`);
      record('result', {command: 'bundle load', exitCode: 0, stack: context.stack.name, file, contents});
    });
    say(
      `loaded. Next, without a network: kni-demo up${nameFlag(options.name)} --stack ${options.stack ?? context.stackFile ?? context.stack.name}`,
    );
  });
};

const contextOfBundle = (
  world: World,
  {stack, name, yes = false}: BundleOptions,
  say: (line: string) => void,
): Promise<DemoContext> =>
  contextOf(world, {stack, cluster: {...defaultCluster, name}, mayInstall: yes}, say);

/** Only with the lock: while another kni-demo holds it, files of this checkout may change. */
const planBundle = async (context: DemoContext) => {
  const plan = demoPlan(context.stack);
  return {plan, fingerprintOf: await fingerprintsOf(plan, context)};
};

const checkHost = async (
  context: DemoContext,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> => {
  const survey = await surveyHost(context, signal);
  for (const line of surveyLines(survey)) say(line);
  requireAll(survey, context);
};
