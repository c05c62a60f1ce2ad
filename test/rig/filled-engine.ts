/** The data directory of the engine that kni-demo installed, with our content and content of others. */

import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {recordPulledImage} from '../../src/cache/images.ts';
import {markDirectories} from '../../src/cache/marker.ts';
import {ownerDirectoryOf} from '../../src/cluster/ownership.ts';
import {managedEngine} from '../../src/stages/lib/managed-engine.ts';
import {dirsIn, remember} from './removals.ts';
import type {TempDir} from './temp-dir.ts';

const container = (name: string, rest: object): string =>
  JSON.stringify({
    Name: `/${name}`,
    State: {Running: true},
    Config: {Image: 'x', Labels: {}},
    MountPoints: {},
    ...rest,
  });

/** What dockerd 26.1 keeps on disk, as far as kni-demo reads it. */
export const fillEngine = async (dir: TempDir): Promise<void> => {
  const {dataRoot: root} = managedEngine(dirsIn(dir));
  const owner = await ownerDirectoryOf(dirsIn(dir), 'test1');
  await markDirectories(dirsIn(dir));
  await remember(dir);
  await mkdir(owner);
  const labels = {'io.x-k8s.kind.cluster': 'test1', 'dev.kni-demo.stack': 'bookworm'};
  const containers = {
    ours: container('test1-worker', {
      Config: {Image: 'kni-demo/node:1', Labels: labels},
      MountPoints: {'/var': {Name: 'our-volume'}, '/etc/kni-demo/owner': {Source: owner}},
    }),
    theirs: container('test2-worker', {
      Config: {Image: 'kni-demo/node:1', Labels: {...labels, 'io.x-k8s.kind.cluster': 'test2'}},
      MountPoints: {'/etc/kni-demo/owner': {Source: '/home/them/kni-demo/clusters/test2/owner'}},
    }),
    database: container('database', {State: {Running: false}, MountPoints: null}),
  };
  for (const [id, text] of Object.entries(containers)) {
    await mkdir(join(root, 'containers', id), {recursive: true});
    await writeFile(join(root, 'containers', id, 'config.v2.json'), text);
  }
  for (const volume of ['our-volume', 'data']) await mkdir(join(root, 'volumes', volume), {recursive: true});
  await writeFile(join(root, 'volumes/metadata.db'), '');
  await mkdir(join(root, 'image/overlay2'), {recursive: true});
  await recordPulledImage(dirsIn(dir), 'kindest/node:v1@sha256:abc');
  const Repositories = {
    'kni-demo/node': {'kni-demo/node:1': 'sha256:1'},
    postgres: {'postgres:17': 'sha256:2'},
    'kindest/node': {'kindest/node@sha256:abc': 'sha256:3'},
  };
  await writeFile(join(root, 'image/overlay2/repositories.json'), JSON.stringify({Repositories}));
};
/** Everything in it that is not ours, by name. */
export const foreignContent = [
  'container database',
  'container test2-worker',
  'image postgres:17',
  'volume data',
];
