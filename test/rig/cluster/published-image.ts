/** A registry with a node image like those that kind publishes. */

import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {nodeImage} from '../../../src/stages/build/node-image.ts';
import {baseImage} from '../../../src/stages/init/base-image.ts';
import {until} from '../wait.ts';
import {builder} from './builder.ts';
import {host, run} from './cluster.ts';

/** A node without KNI, whose kubelet and containerd always fail: the stack has to replace them. */
const nodeDockerfile = `
ARG BASE
FROM \${BASE}
RUN sed -i /kni/d /etc/containerd/config.toml \\
 && systemctl disable kni.service \\
 && rm -r /opt/kni /etc/kni /etc/systemd/system/kni.service /etc/systemd/system/kubelet.service.d/20-kni.conf \\
      /usr/local/bin/kni-runtime /usr/lib/cni \\
 && for program in /usr/bin/kubelet /usr/local/bin/containerd /usr/local/bin/containerd-shim-runc-v2 /usr/local/bin/ctr; do \\
      cp /bin/false $program; done
LABEL dev.kni-demo.stack= dev.kni-demo.system=
`;

const registryDockerfile = `
ARG BASE
FROM \${BASE}
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends docker-registry \\
 && sed -i /^auth:/,/path:/d /etc/docker/registry/config.yml
`;

const registry = 'kni-e2e-registry';

/**
 * Runs `work` with the name of the image, `127.0.0.1:32768/node:v1.20.2@sha256:…`. Only the registry has the image; the
 * registry is removed afterwards.
 */
export const withPublishedImage = async <T>(
  version: string,
  work: (image: string) => Promise<T>,
): Promise<T> => {
  const {image} = await builder();
  await run('docker', 'rm', '--force', '--volumes', registry); // from an interrupted run
  await build(registry, registryDockerfile, image(baseImage.id));
  const serve = ['docker-registry', 'serve', '/etc/docker/registry/config.yml'];
  try {
    await run(
      'docker',
      'run',
      '--detach',
      '--name',
      registry,
      '--publish',
      '127.0.0.1::5000',
      registry,
      ...serve,
    );
    const published = await run('docker', 'port', registry, '5000/tcp');
    const name = `${published.split('\n')[0]?.trim()}/node:${version}`;
    await build(name, nodeDockerfile, image(nodeImage.id));
    // The registry needs a moment until it listens.
    await until('the registry to take the image', async () => {
      await host.run(['docker', ['push', '--quiet', name]], {timeout: 300_000});
      return true;
    });
    const pushed = (
      await run('docker', 'image', 'inspect', '--format', '{{index .RepoDigests 0}}', name)
    ).trim();
    await run('docker', 'rmi', name);
    return await work(`${name}@${pushed.slice(pushed.indexOf('@') + 1)}`);
  } finally {
    await run('docker', 'rm', '--force', '--volumes', registry);
    await run('docker', 'rmi', '--force', registry);
  }
};

const build = async (tag: string, dockerfile: string, base: string): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'kni-image-'));
  try {
    await writeFile(join(directory, 'Dockerfile'), dockerfile);
    const args = ['build', '--quiet', '--tag', tag, '--build-arg', `BASE=${base}`, directory];
    await host.run(['docker', args], {env: {DOCKER_BUILDKIT: '0'}, timeout: 300_000});
  } finally {
    await rm(directory, {recursive: true});
  }
};
