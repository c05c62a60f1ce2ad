/** Downloads a Debian source package from the mirror. The stack pins its version and the sha256 of its files. */

import {join} from 'node:path';
import {sha256File} from '../../cache/digest.ts';
import type {Component} from '../../stacks/own-source.ts';
import type {DebianSource} from '../../stacks/schema.ts';
import {errorCodeOf} from '../../thrown.ts';
import type {DemoTask} from '../context.ts';
import {runStep} from '../lib/container.ts';
import {pinMismatch} from '../lib/pin-mismatch.ts';
import {artifactTask, imageOf} from '../lib/products.ts';
import {scriptDigest} from '../lib/project-files.ts';
import {sourceIdOf} from '../lib/source-id.ts';
import {debianSourceOf} from '../lib/stack-parts.ts';
import {baseImage} from './base-image.ts';

export const downloadSource = (what: Component | 'kind'): DemoTask =>
  artifactTask({
    id: sourceIdOf(what),
    title: `Download the ${what} sources`,
    needs: [baseImage.id],
    inputs: async ({stack}) => ({
      ...debianSourceOf(what, stack),
      fetch: await scriptDigest('fetch-source.sh'),
    }),
    async fill(directory, context, running) {
      const {stack} = context;
      const {package: name, version, files} = debianSourceOf(what, stack);
      // kind's sources come from the suite that the kind program itself comes from.
      const suite = what === 'kind' ? stack.kind.suite : stack.base.suite;
      await runStep(
        {
          image: imageOf(baseImage.id, running),
          script: ['fetch-source.sh', suite, name, version],
          out: directory,
          workdir: '/out',
        },
        context,
        running,
      );
      await checkFiles(directory, files, stack.name);
    },
  });

/** Throws UserError for the first file that is missing or differs from what the stack pins. */
export const checkFiles = async (
  directory: string,
  files: DebianSource['files'],
  stack: string,
): Promise<void> => {
  for (const {name, sha256} of files) {
    const found = await sha256File(join(directory, name)).catch((error: unknown) => {
      if (errorCodeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found === sha256) continue;
    throw pinMismatch({
      what: name,
      stack,
      why:
        found === undefined ? 'the mirror did not deliver it' : `its sha256 is ${found}, expected ${sha256}`,
      tryThis: 'use another mirror',
    });
  }
};
