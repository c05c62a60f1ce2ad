import {describe, expect, it} from 'vitest';
import {restoreVersion} from '../../src/changes/restore-version.ts';
import type {Cluster} from '../../src/cluster/cluster.ts';
import {localHost} from '../../src/host/process.ts';
import {deploy, digestOf} from '../../src/runtimes/deploy.ts';
import {hostOf} from '../rig/cli.ts';
import {nodeIn} from '../rig/developed-node.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const worker = 'test1-worker';
const signal = new AbortController().signal;
const samplePod = JSON.stringify({metadata: {uid: '1'}, spec: {nodeName: worker}, status: {}});

/** A node that serves version `first`, which was proved. */
const rig = async (dir: TempDir) => {
  const node = await nodeIn(dir);
  const controlPlane = hostOf((command) => (command.includes(' get ') ? samplePod : ''));
  const cluster: Cluster = {nodes: [], controlPlane, node: () => node.host};
  const change = {
    kind: 'version-deployed',
    node: worker,
    source: '/root/hello',
    program: 'runtime.mjs',
    proved: digestOf(Buffer.from('first')),
  } as const;
  return {
    ...node,
    serve: (text: string) =>
      deploy(node.host, {
        node: worker,
        source: '/root/hello',
        name: 'runtime.mjs',
        program: Buffer.from(text),
        proved: Buffer.from('first'),
      }),
    restore: (on = worker) => restoreVersion(cluster, {...change, node: on}, signal),
    replaced: () => controlPlane.ran.filter((line) => line.includes('create --validate=false')).length,
  };
};

describe('restoreVersion', () => {
  it('restores the version that was proved, even after several unproved ones, and recreates the sample pod', async () => {
    await using dir = await tempDir();
    const {serve, restore, text, started, replaced} = await rig(dir);
    await serve('second');
    await serve('third');
    await restore();
    expect([await text(), (await started()).at(-1), replaced()]).toEqual(['first', 'first', 1]);
  });

  it('leaves the sample pod of another node', async () => {
    await using dir = await tempDir();
    const {serve, restore, text, replaced} = await rig(dir);
    await serve('second');
    await restore('test1-control-plane');
    expect([await text(), replaced()]).toEqual(['first', 0]);
  });

  it('restarts nothing if the proved version serves: kni-demo was killed before the deployment', async () => {
    await using dir = await tempDir();
    const {restore, text, started, replaced} = await rig(dir);
    await restore();
    expect([await text(), await started(), replaced()]).toEqual(['first', [''], 0]);
  });

  it('waits for a deployment that goes on after kni-demo was killed', async () => {
    await using dir = await tempDir();
    const {serve, restore, text} = await rig(dir);
    await serve('second');
    const file = dir.join('opt/dev/runtime.mjs');
    const late = 'echo locked; sleep 0.5; echo third >"$1"';
    let deployment = Promise.resolve<unknown>(undefined);
    await new Promise<void>((locked) => {
      const command = ['flock', [`${file}.lock`, 'sh', '-c', late, 'sh', file]] as const;
      deployment = localHost().run(command, {onLine: () => locked()});
    });
    await restore();
    await deployment;
    expect(await text()).toBe('first');
  });
});
