/** The whole story on a real cluster through the public CLI: each chapter begins where the last ended. */

import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, beforeEach} from 'vitest';
import {airGapped} from './chapters/air-gapped.ts';
import {backends} from './chapters/backends.ts';
import {churn} from './chapters/churn.ts';
import {crowds} from './chapters/crowds.ts';
import {deletion} from './chapters/deletion.ts';
import {deletionsMeanwhile} from './chapters/deletions-meanwhile.ts';
import {down} from './chapters/down.ts';
import {exhaustedRange} from './chapters/exhausted-range.ts';
import {failedAttach} from './chapters/failed-attach.ts';
import {failedCleanup} from './chapters/failed-cleanup.ts';
import {foreignCluster} from './chapters/foreign-cluster.ts';
import {furtherNetworks} from './chapters/further-networks.ts';
import {killedRuntime} from './chapters/killed-runtime.ts';
import {nodes} from './chapters/nodes.ts';
import {ownSources} from './chapters/own-sources.ts';
import {patches} from './chapters/patches.ts';
import {pods} from './chapters/pods.ts';
import {publishedNode} from './chapters/published-node.ts';
import {replacedConfiguration} from './chapters/replaced-configuration.ts';
import {restartedNode} from './chapters/restarted-node.ts';
import {stoppedNodes} from './chapters/stopped-nodes.ts';
import {stoppedRuntime} from './chapters/stopped-runtime.ts';
import {up} from './chapters/up.ts';
import {upgrade} from './chapters/upgrade.ts';
import {dump, kniDemo, named, run} from './rig.ts';

let scratch = '';
let engineWasThere = false;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'kni-e2e-'));
  await writeFile(join(scratch, 'kubeconfig'), 'apiVersion: v1\nkind: Config\ncurrent-context: mine\n');
  process.env['KUBECONFIG'] = join(scratch, 'kubeconfig');
  engineWasThere = await run('docker', 'version').then(
    () => true,
    () => false,
  );
  if (engineWasThere) await kniDemo('down', ...named, '--yes');
});

afterAll(async () => {
  await kniDemo('down', ...named, '--yes');
  const others = await run('docker', 'ps', '--all', '--quiet').catch(() => 'unknown');
  if (!engineWasThere && others === '') await kniDemo('down', '--all', '--yes');
  await rm(scratch, {recursive: true, force: true});
});

beforeEach(({onTestFailed}) => onTestFailed(dump));

up();
nodes();
pods();
backends();
deletion();
furtherNetworks();
stoppedRuntime();
killedRuntime();
deletionsMeanwhile();
failedAttach();
failedCleanup();
exhaustedRange();
replacedConfiguration();
churn();
crowds();
upgrade();
restartedNode();
stoppedNodes();
foreignCluster();
ownSources();
patches();
down();
publishedNode();
airGapped();
