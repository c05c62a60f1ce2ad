/** What everything is built in and from: the Debian base image, and the builder on top of it. */

import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {recordPulledImage} from '../../cache/images.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import {CommandError} from '../../host/command-error.ts';
import {sourcesList} from '../../tools/apt.ts';
import {importImage, pullImage, removeImages, runContainer, tagImage} from '../../tools/docker.ts';
import {bootstrap} from '../../tools/mmdebstrap.ts';
import type {DemoContext} from '../context.ts';
import {hostTaskIds} from '../host/tasks.ts';
import {makeImage} from '../lib/container.ts';
import {imageOf, imageTask} from '../lib/products.ts';
import {imageSource, inScratch} from '../lib/project-files.ts';

/** Bootstrapped from the host's own mirror where the host is a Debian, pulled by name elsewhere. */
export const baseImage = imageTask({
  id: 'init/base-image',
  title: 'Make the Debian base image',
  needs: hostTaskIds,
  inputs: ({stack, architecture}) => ({...stack.base, architecture}),
  async make(tag, {host, machine, stack, dirs}, {signal, log, fingerprint}) {
    const mirrors = await machine.mirrors();
    if (mirrors && (await machine.whereIs('mmdebstrap')) !== undefined) {
      await inScratch(dirs, 'base', fingerprint, async (directory) => {
        const tarball = join(directory, 'base.tar');
        const input = sourcesList(mirrors, stack.base.suite);
        await host.run(bootstrap(stack.base.suite, tarball), {input, signal, onLine: log});
        await host.run(importImage(tarball, tag), {signal});
      });
    } else {
      const tryThis = 'on a Debian host let it be made from the Debian mirror: apt-get install mmdebstrap';
      await recordPulledImage(dirs, stack.base.image);
      await pull(stack.base.image, tryThis, {host, signal, log});
      await host.run(tagImage(stack.base.image, tag), {signal});
    }
    await probePrivileged(tag, {host, signal});
  },
});

type Step = Pick<DemoContext, 'host'> & {readonly signal: AbortSignal; readonly log?: (line: string) => void};

/** Rejects with UserError (exit code `hostLacks`) where it cannot be had. */
export const pull = async (name: string, tryThis: string, {host, signal, log}: Step): Promise<void> => {
  try {
    await host.run(pullImage(name), {signal, ...(log && {onLine: log})});
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    throw new UserError(
      {
        what: `cannot pull ${name}`,
        why: error.lastLine,
        tryThis,
        exitCode: exitCodes.hostLacks,
      },
      {cause: error},
    );
  }
};

/** The first moment at which it can be tried, and minutes before kind would find out. */
const probePrivileged = async (tag: string, {host, signal}: Step): Promise<void> => {
  try {
    await host.run(
      runContainer({image: tag, name: `kni-demo-probe-${process.pid}`, privileged: true, command: ['true']}),
      {
        signal,
      },
    );
  } catch (error) {
    // Or it would count as probed the next time.
    await host.run(removeImages([tag])).catch(() => undefined);
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    throw new UserError(
      {
        what: 'this docker engine cannot run privileged containers, which kind nodes are',
        why: error.lastLine,
        tryThis:
          'an engine of version 23 or later asks only for the capabilities there are; rootless engines do not fit',
        exitCode: exitCodes.hostLacks,
      },
      {cause: error},
    );
  }
};

export const builderImage = imageTask({
  id: 'init/builder-image',
  title: 'Make the builder image',
  needs: [baseImage.id],
  inputs: async ({stack}) => ({
    packages: stack.builder.packages,
    go: stack.builder.go.newer,
    dockerfile: await digestOfTree(imageSource('builder')),
  }),
  async make(tag, context, running) {
    const {packages, go} = context.stack.builder;
    const args = {
      BASE: imageOf(baseImage.id, running),
      PACKAGES: packages.join(' '),
      GO_SUITE: go.newer?.suite ?? '',
      GO_VERSION: go.newer?.version ?? '',
    };
    await makeImage({tag, context: imageSource('builder'), args}, context, running);
  },
});
