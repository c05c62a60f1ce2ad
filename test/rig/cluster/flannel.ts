/** A network like flannel, which needs no registry: its real CNI plugin from Debian 11, with a script in place of flanneld. */

import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parse, stringify} from 'yaml';
import type {Definition} from '../../../src/networks/definition.ts';
import {project} from '../../../src/project.ts';
import {baseImage} from '../../../src/stages/init/base-image.ts';
import {builder} from './builder.ts';
import {host, named, run} from './cluster.ts';
import {kniDemo} from './kni-demo.ts';

const image = 'kni-e2e/flannel:1';
const sources = fileURLToPath(new URL('flannel', import.meta.url));

export interface Flannel extends AsyncDisposable {
  /** A definition for --cni, equal to that of kni-demo except for the manifest and the images. */
  readonly definition: string;
  /** Another definition with the same CNI name. Its configuration has another file name. */
  readonly other: string;
  /** The manifest of a DaemonSet that behaves like Multus, for a cluster that has this network. */
  readonly multus: string;
}

/** Builds the image, loads it into the nodes and writes the definition. */
export const flannelOn = async (): Promise<Flannel> => {
  const {image: imageOf} = await builder();
  const args = ['build', '--quiet', '--tag', image, '--build-arg', `BASE=${imageOf(baseImage.id)}`, sources];
  await host.run(['docker', args], {env: {DOCKER_BUILDKIT: '0'}, timeout: 600_000});
  const loaded = await kniDemo('image', 'load', image, ...named);
  if (loaded.exitCode !== 0) throw new Error(loaded.stderr);
  const dir = await mkdtemp(join(tmpdir(), 'kni-flannel-'));
  const original: Definition = parse(await readFile(join(project.networks, 'flannel.yaml'), 'utf8'));
  const definition = join(dir, 'flannel.yaml');
  const manifest = {file: join(sources, 'manifest.yaml')};
  await writeFile(definition, stringify({...original, manifest, images: [{name: image}]}));
  const other = join(dir, 'other.yaml');
  const text = await readFile(manifest.file, 'utf8');
  await writeFile(join(dir, 'manifest.yaml'), text.replaceAll('10-flannel.conflist', '20-other.conflist'));
  const file = 'manifest.yaml';
  await writeFile(other, stringify({...original, name: 'other', manifest: {file}, images: [{name: image}]}));
  return {
    definition,
    other,
    multus: await readFile(join(sources, 'multus.yaml'), 'utf8'),
    async [Symbol.asyncDispose]() {
      await rm(dir, {recursive: true});
      await run('docker', 'rmi', '--force', image);
    },
  };
};
