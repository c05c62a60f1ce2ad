/** Lists what others keep in the engine that kni-demo installed. Reads the engine's files, because it may be stopped. */

import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import type {Dirs} from '../cache/dirs.ts';
import {namesIn, readIfExists} from '../cache/files.ts';
import {recordedImages} from '../cache/images.ts';
import {ownerDirectoryOf} from '../cluster/ownership.ts';
import {readJson} from '../json.ts';
import {managedEngine} from '../stages/lib/managed-engine.ts';
import {errorCodeOf} from '../thrown.ts';

/** From moby's container/container.go. */
const storedContainer = z.object({
  Name: z.string(),
  State: z.object({Running: z.boolean()}),
  Config: z.object({Image: z.string(), Labels: z.record(z.string(), z.string()).nullish()}),
  MountPoints: z
    .record(z.string(), z.object({Name: z.string().nullish(), Source: z.string().nullish()}))
    .nullish(),
});
type StoredContainer = z.infer<typeof storedContainer>;

/** From moby's reference/store.go. */
const storedImages = z.object({Repositories: z.record(z.string(), z.record(z.string(), z.string()))});

export interface ForeignContent {
  readonly kind: 'container' | 'image' | 'volume';
  readonly name: string;
  /** False for images and volumes. */
  readonly running: boolean;
}

/** Containers, images and volumes that are not of this user's clusters and cache. */
export const foreignContents = async (dirs: Dirs): Promise<readonly ForeignContent[]> => {
  const {dataRoot} = managedEngine(dirs);
  const containers = await containersIn(dataRoot);
  const ours: StoredContainer[] = [];
  for (const container of containers) if (await isOurNode(dirs, container)) ours.push(container);
  const ourVolumes = new Set(ours.flatMap((container) => volumesOf(container)));
  const pulled = await recordedImages(dirs);
  return [
    ...containers
      .filter((container) => !ours.includes(container))
      .map(({Name, State}) => ({
        kind: 'container' as const,
        name: Name.replace(/^\//, ''),
        running: State.Running,
      })),
    ...(await imagesIn(dataRoot))
      .filter((name) => !name.startsWith('kni-demo/') && !pulled.has(name))
      .map((name) => ({kind: 'image' as const, name, running: false})),
    ...(await volumesIn(dataRoot))
      .filter((name) => !ourVolumes.has(name))
      .map((name) => ({kind: 'volume' as const, name, running: false})),
  ];
};

/** A node with a mount of this state directory; or one of kni-demo 0.1.0, with a record in this state directory. */
const isOurNode = async (dirs: Dirs, {Config, MountPoints}: StoredContainer): Promise<boolean> => {
  const cluster = Config.Labels?.['io.x-k8s.kind.cluster'];
  if (cluster === undefined || Config.Labels?.['dev.kni-demo.stack'] === undefined) return false;
  const sources = Object.values(MountPoints ?? {}).flatMap(({Source}) => Source ?? []);
  if (sources.some((source) => source.endsWith(`/clusters/${cluster}/owner`)))
    return sources.includes(await ownerDirectoryOf(dirs, cluster));
  return (await namesIn(join(dirs.state, 'clusters'))).includes(cluster);
};

const volumesOf = ({MountPoints}: StoredContainer): readonly string[] =>
  Object.values(MountPoints ?? {}).flatMap(({Name}) => (Name ? [Name] : []));

const containersIn = async (dataRoot: string): Promise<readonly StoredContainer[]> => {
  const containers: StoredContainer[] = [];
  for (const id of await namesIn(join(dataRoot, 'containers'))) {
    const text = await readIfExists(join(dataRoot, 'containers', id, 'config.v2.json'));
    // docker removes a container's file before its directory.
    if (text !== undefined) containers.push(readJson(storedContainer, text, `the container ${id}`));
  }
  return containers;
};

const imagesIn = async (dataRoot: string): Promise<readonly string[]> => {
  const names: string[] = [];
  for (const driver of await namesIn(join(dataRoot, 'image'))) {
    const text = await readIfExists(join(dataRoot, 'image', driver, 'repositories.json'));
    if (text === undefined) continue;
    const {Repositories} = readJson(storedImages, text, 'the list of images');
    names.push(...Object.values(Repositories).flatMap((tags) => Object.keys(tags)));
  }
  return names.sort();
};

const volumesIn = async (dataRoot: string): Promise<readonly string[]> => {
  try {
    const entries = await readdir(join(dataRoot, 'volumes'), {withFileTypes: true});
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
};
