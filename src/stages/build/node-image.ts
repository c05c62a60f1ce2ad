/** Builds the node image: adds the network runtime to the rest of the image. */

import {cp, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {makeImage} from '../lib/container.ts';
import {type InstalledPrograms, installedPrograms} from '../lib/installed-programs.ts';
import {artifactOf, imageOf, imageTask, tagOf} from '../lib/products.ts';
import {imageSource} from '../lib/project-files.ts';
import {flagsOfStack, runtimeEnvironment, withRuntimeFlags} from '../lib/runtime-environment.ts';
import {inScratch, linkInto} from '../lib/scratch.ts';
import {nodeSystemId, systemTag} from './node-system-image.ts';
import {runtime, runtimeFile} from './runtime.ts';

export const nodeImage = imageTask({
  id: 'build/node-image',
  title: 'Build the node image',
  needs: [nodeSystemId, runtime.id],
  inputs: async ({stack}) => ({
    dockerfile: await digestOfTree(imageSource('node')),
    environment: withRuntimeFlags('', flagsOfStack(stack)),
  }),
  async make(tag, context, running) {
    const installed: InstalledPrograms = {runtime: tagOf(running.fingerprintOf(runtime.id))};
    await inScratch(context.dirs, 'node', running.fingerprint, async (directory) => {
      await cp(imageSource('node'), directory, {recursive: true});
      await writeFile(
        join(directory, runtimeEnvironment.name),
        withRuntimeFlags('', flagsOfStack(context.stack)),
      );
      await writeFile(join(directory, installedPrograms.name), JSON.stringify(installed));
      await linkInto(directory, [join(artifactOf(runtime.id, context, running), runtimeFile)]);
      const args = {BASE: imageOf(nodeSystemId, running), SYSTEM: systemTag(running)};
      await makeImage({tag, context: directory, args}, context, running);
    });
  },
});
