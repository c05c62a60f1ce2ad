/** The runtime is replaced by another build, and by the old one again, while pods keep running. */

import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type BuildOptions, build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import bundle from '../../../runtime/bundle.json' with {type: 'json'};
import {parseLogLine} from '../../../src/cluster/runtime-log.ts';
import {runtimeFile} from '../../../src/stages/build/runtime.ts';
import {onNode, run, shell, worker} from '../../rig/cluster/cluster.ts';
import {create, crowdSize, membersOf, namesOf, ready, remove} from '../../rig/cluster/crowd.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {conditionOf} from '../../rig/cluster/nodes.ts';
import {tracesLike, tracesOn} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

const crowd = 'veterans';
const installed = `/opt/kni/${runtimeFile}`;

useCluster();

describe(`an upgrade of the runtime under ${crowdSize} pods, and back`, () => {
  it('restarts no pod and loses nothing of their networks', async () => {
    const empty = await tracesOn(worker);
    await create(crowd, namesOf(crowd, crowdSize));
    await ready(crowd, crowdSize);
    const before = {members: await membersOf(crowd), traces: await tracesOn(worker)};
    await shell(worker, `cp ${installed} ${installed}.kept`);
    await placeAnotherBuild();
    for (const next of ['new', 'kept']) {
      await shell(worker, `mv ${installed}.${next} ${installed} && systemctl restart kni`);
      await answers(before.members.map(({name}) => name));
      await until('the worker to be Ready', async () => (await conditionOf('node', worker)) === 'True');
      expect({members: await membersOf(crowd), traces: await tracesOn(worker)}).toEqual(before);
    }
    await remove(crowd);
    await tracesLike(worker, empty);
  });
});

const placeAnotherBuild = async (): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'kni-upgrade-'));
  try {
    const outfile = join(dir, runtimeFile);
    await build({...(bundle as BuildOptions), banner: {js: '// another build'}, outfile});
    await run('docker', 'cp', outfile, `${worker}:${installed}.new`);
  } finally {
    await rm(dir, {recursive: true});
  }
};

/** Resolves once the runtime has answered a query for each pod. A restart of the kubelet makes it query all pods. */
const answers = async (names: readonly string[]): Promise<void> => {
  await onNode(worker, 'systemctl', 'restart', 'kubelet');
  await until('a query for the network of every pod', async () => {
    const journal = await shell(
      worker,
      'journalctl _SYSTEMD_INVOCATION_ID=$(systemctl show kni --value --property=InvocationID) -o cat --no-pager',
    );
    const lines = journal.split('\n').flatMap((line) => parseLogLine(line) ?? []);
    const queried = new Set(lines.filter(({rpc}) => rpc === 'QueryPodNetwork').map(({pod}) => pod));
    return names.every((name) => queried.has(`default/${name}`));
  });
};
