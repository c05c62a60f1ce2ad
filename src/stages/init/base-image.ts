/** Creates the Debian image for all builds: from the host's Debian mirror, or by a pull if the host is not Debian. */

import {join} from 'node:path';
import {recordPulledImage} from '../../cache/images.ts';
import {UserError} from '../../errors.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import {sourcesList} from '../../tools/apt.ts';
import {importImage, removeImages, runContainer, tagImage} from '../../tools/docker.ts';
import {bootstrap} from '../../tools/mmdebstrap.ts';
import {requirementIds} from '../host/requirements.ts';
import {imageTask} from '../lib/products.ts';
import {pull} from '../lib/pull.ts';
import {inScratch} from '../lib/scratch.ts';

export const baseImage = imageTask({
  id: 'init/base-image',
  title: 'Create the Debian base image',
  needs: requirementIds,
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
      const tryThis =
        'on a Debian host, install mmdebstrap to build the image from the Debian mirror: apt-get install mmdebstrap';
      await recordPulledImage(dirs, stack.base.image);
      await pull(stack.base.image, tryThis, {host, signal, log});
      await host.run(tagImage(stack.base.image, tag), {signal});
    }
    await probePrivileged(tag, host, signal);
  },
});

/** Tries to run a privileged container, because kind would fail only after the build. Needs the new image. */
const probePrivileged = async (tag: string, host: Host, signal: AbortSignal): Promise<void> => {
  const name = `kni-demo-probe-${process.pid}`;
  try {
    await host.run(runContainer({image: tag, name, privileged: true, command: ['true']}), {signal});
  } catch (error) {
    // Otherwise the next run would find the image, and skip this task with its probe.
    await host.run(removeImages([tag])).catch(() => undefined);
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    throw new UserError(
      {
        what: 'this docker engine cannot run privileged containers, which kind needs for its nodes',
        why: error.lastLine,
        tryThis:
          'use docker 23 or later, which requests only the capabilities that the host grants; rootless engines do not work',
        code: 'KNI-E306',
      },
      {cause: error},
    );
  }
};
