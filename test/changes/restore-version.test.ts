import {rm, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {restoreVersion} from '../../src/changes/restore-version.ts';
import type {Cluster} from '../../src/cluster/cluster.ts';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {deploy, digestOf} from '../../src/runtimes/deploy.ts';
import {hostOf} from '../rig/cli.ts';
import {nodeIn} from '../rig/developed-node.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const worker = 'test1-worker';
const signal = new AbortController().signal;
const samplePod = JSON.stringify({metadata: {uid: '1'}, spec: {nodeName: worker}, status: {}});

const change = {
  kind: 'version-deployed',
  node: worker,
  source: '/root/hello',
  program: 'runtime.mjs',
  proved: digestOf(Buffer.from('first')),
} as const;

/** A node that serves version `first`, which was proved. */
const rig = async (dir: TempDir) => {
  const node = await nodeIn(dir);
  let isInterrupted = false;
  const controlPlane = hostOf((command) => {
    if (!command.includes('create --validate=false')) return command.includes(' get ') ? samplePod : '';
    if (!isInterrupted) return '';
    isInterrupted = false;
    throw new Error('interrupted');
  });
  const cluster: Cluster = {nodes: [], controlPlane, node: () => node.host};
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
    /** The next restore ends before it recreates the sample pod. */
    interrupt: () => {
      isInterrupted = true;
    },
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

  it('completes a restore that was interrupted before it recreated the sample pod', async () => {
    await using dir = await tempDir();
    const {serve, restore, interrupt, text, started, replaced} = await rig(dir);
    await serve('second');
    interrupt();
    await expect(restore()).rejects.toThrow('interrupted');
    await restore();
    // The two attempts to create it.
    expect([await text(), (await started()).at(-1), replaced()]).toEqual(['first', 'first', 2]);
  });

  it('does nothing if another runtime is in use', async () => {
    await using dir = await tempDir();
    const {restore, started, replaced} = await rig(dir);
    await rm(dir.join('opt/dev/runtime.mjs'));
    expect(await restore()).toBeUndefined();
    expect([await started(), replaced()]).toEqual([[''], 0]);
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

  it.each([
    ['the proved version is missing', 'opt/dev/runtime.mjs.proved'],
    ['an interrupted restore has already removed it from kni.service', 'drop-ins/50-user-runtime.conf'],
  ])("starts kni-demo's own runtime and says so: %s", async (why, lost) => {
    await using dir = await tempDir();
    const {host: real} = await nodeIn(dir);
    await writeFile(dir.join('opt/dev/runtime.mjs'), 'second');
    await rm(dir.join(lost), {force: true});
    // Only the script of the restore may run here: the others change the network.
    const others = hostOf((line) => (line.includes('--force') ? '{"sandboxes": []}' : '# {"id":"dev"}'));
    const host: Host = {
      run: (command, options) =>
        command[1].join(' ').includes('flock') ? real.run(command, options) : others.run(command, options),
    };
    const cluster: Cluster = {nodes: [], controlPlane: hostOf(() => ''), node: () => host};
    expect(await restoreVersion(cluster, change, signal)).toBe(
      `test1-worker runs kni-demo's own network runtime, because the proved version of /root/hello does not work: ${why}`,
    );
    expect(others.ran.filter((line) => line.startsWith('systemctl st'))).toEqual([
      'systemctl stop kubelet',
      'systemctl stop kni',
      'systemctl start kni',
      'systemctl start kubelet',
    ]);
  });
});
