/** The sources that a stack pins: from the Debian mirror, by version and sha256, or from git, by tag and commit. */

import {join} from 'node:path';
import {sha256File} from '../../cache/digest.ts';
import type {Component} from '../../stacks/own-source.ts';
import type {DebianSource, GitSource, Stack} from '../../stacks/schema.ts';
import {errorCodeOf} from '../../thrown.ts';
import type {DemoTask} from '../context.ts';
import {runStep} from '../lib/container.ts';
import {notAsPinned} from '../lib/not-as-pinned.ts';
import {artifactTask, imageOf} from '../lib/products.ts';
import {scriptDigest} from '../lib/project-files.ts';
import {baseImage} from './base-image.ts';
import {gitSourceTask} from './git-source.ts';

/** The task that brings the sources of a component, or of kind, into the cache. */
export const sourceOf = (what: Component | 'kind'): string => `init/${what}-source`;

export const pinnedSource = (component: Component, stack: Stack): DemoTask => {
  const {source} = stack[component];
  return source.from === 'git'
    ? pinnedCommit(component, source, stack)
    : debianSource(component, source, stack.base.suite);
};

/** Of the suite that kind itself is taken from. */
export const kindSource = (source: DebianSource, {kind}: Stack): DemoTask =>
  debianSource('kind', source, kind.suite);

const pinnedCommit = (component: Component, {url, tag, commit}: GitSource, {name}: Stack): DemoTask =>
  gitSourceTask({
    id: sourceOf(component),
    title: `Fetch ${component} ${tag}`,
    url,
    ref: `refs/tags/${tag}`,
    commit,
    moved: (found) =>
      notAsPinned({
        what: `${tag} at ${url}`,
        stack: name,
        why: `it is commit ${found}, expected ${commit}`,
        tryThis: 'find out why',
      }),
  });

const debianSource = (what: Component | 'kind', source: DebianSource, suite: string): DemoTask =>
  artifactTask({
    id: sourceOf(what),
    title: `Download the sources of ${what}`,
    needs: [baseImage.id],
    inputs: async () => ({...source, fetch: await scriptDigest('fetch-source.sh')}),
    async fill(directory, context, running) {
      const {package: name, version, files} = source;
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
      await checkFiles(directory, files, context.stack.name);
    },
  });

/** Throws UserError naming the first file that is not there, or not what the stack pins. */
export const checkFiles = async (
  directory: string,
  files: DebianSource['files'],
  stack: string,
): Promise<void> => {
  for (const {name, sha256} of files) {
    const found = await sha256File(join(directory, name)).catch((error: unknown) => {
      if (errorCodeOf(error) === 'ENOENT') return 'no such file';
      throw error;
    });
    if (found === sha256) continue;
    throw notAsPinned({
      what: name,
      stack,
      why:
        found === 'no such file'
          ? 'the mirror did not deliver it'
          : `its sha256 is ${found}, expected ${sha256}`,
      tryThis: 'use another mirror',
    });
  }
};
