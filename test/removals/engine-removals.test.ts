import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {describe, expect, it} from 'vitest';
import {UserError} from '../../src/errors.ts';
import {engineRemovals} from '../../src/removals/engine-removals.ts';
import {noRemovals} from '../../src/removals/removal.ts';
import {managedEngine} from '../../src/stages/lib/managed-engine.ts';
import {recordPackages} from '../../src/stages/lib/packages-record.ts';
import {rejection} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {dirsIn, removalOptions} from '../rig/removals.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const removalsIn = async (dir: TempDir, purge = false) => {
  using host = fakeHost();
  return await engineRemovals({host, dirs: dirsIn(dir)}, removalOptions({purge}));
};

/** A process that has this argument, as dockerd would. */
const startProcess = (argument: string) => {
  const child = spawn('sh', ['-c', 'read line', argument], {stdio: ['pipe', 'ignore', 'ignore']});
  return {child, ended: once(child, 'exit'), [Symbol.dispose]: () => void child.kill()};
};

/** An engine that kni-demo started. */
const startEngine = async (dir: TempDir) => {
  const {pidFile} = managedEngine(dirsIn(dir));
  const engine = startProcess(`--pidfile=${pidFile}`);
  await mkdir(dirname(pidFile), {recursive: true});
  await writeFile(pidFile, `${engine.child.pid}\n`);
  return engine;
};

describe('engineRemovals', () => {
  it('is empty when kni-demo started no engine', async () => {
    await using dir = await tempDir();
    expect(await removalsIn(dir)).toEqual(noRemovals);
    expect(await removalsIn(dir, true)).toEqual(noRemovals);
  });

  it('stops the engine that kni-demo started', async () => {
    await using dir = await tempDir();
    using engine = await startEngine(dir);
    const {removals, kept} = await removalsIn(dir);
    expect(kept).toEqual([]);
    expect(removals.map(({what}) => what)).toEqual([
      `the docker engine that kni-demo started, process ${engine.child.pid}`,
    ]);
    await removals[0]?.remove();
    expect(await engine.ended).toEqual([null, 'SIGTERM']);
  });

  it('keeps the changes of the network without a record of the machine before them', async () => {
    await using dir = await tempDir();
    using engine = await startEngine(dir);
    const {removals, kept} = await removalsIn(dir, true);
    expect(removals).toHaveLength(1);
    expect(kept).toEqual([expect.stringMatching(/no record of this machine .*; a reboot removes them$/)]);
    expect(engine.child.exitCode).toBeNull();
  });

  it('keeps the packages that kni-demo installed, and names the command that removes them', async () => {
    await using dir = await tempDir();
    await recordPackages(dirsIn(dir), ['iptables', 'runc']);
    const {kept} = await removalsIn(dir, true);
    expect(kept).toEqual([expect.stringMatching(/: apt-get remove --autoremove iptables runc$/)]);
  });

  it('refuses a cache whose engine another state directory started', async () => {
    await using dir = await tempDir();
    using engine = startProcess(`--data-root=${managedEngine(dirsIn(dir)).dataRoot}`);
    const {why} = await rejection(removalsIn(dir, true), UserError);
    expect(why).toContain(`process ${engine.child.pid}, which another state directory started`);
  });
});
