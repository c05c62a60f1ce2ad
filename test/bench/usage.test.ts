import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {expect, it} from 'vitest';
import {end} from '../rig/processes.ts';
import {cpuTimeOf, residentMb} from './usage.ts';

it('reads the CPU time of a process and of its main thread', async () => {
  // The name of the main thread looks like further fields of /proc/PID/stat.
  const script = `
    process.title = 'a) R 1 (b';
    const {Worker} = require('node:worker_threads');
    new Worker('for (const end = Date.now() + 300; Date.now() < end; ) ;', {eval: true}).on('exit', () => {
      console.log(JSON.stringify(process.cpuUsage()));
      setInterval(() => undefined, 1000);
    });`;
  const child = spawn(process.execPath, ['-e', script], {stdio: ['ignore', 'pipe', 'inherit']});
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const {user, system} = JSON.parse(line.toString()) as NodeJS.CpuUsage;
    const time = await cpuTimeOf(child.pid ?? 0);
    expect(time.process).toBeGreaterThanOrEqual((user + system) / 1000 - 20);
    expect(time.process).toBeLessThan((user + system) / 1000 + 200);
    expect(time.mainThread).toBeGreaterThan(0);
    expect(time.mainThread).toBeLessThan(time.process);
  } finally {
    await end(child);
  }
});

it('reads the resident memory, and rejects for a process that has ended', async () => {
  expect(await residentMb(process.pid)).toBeGreaterThan(20);
  const child = spawn('true');
  await once(child, 'exit');
  await expect(residentMb(child.pid ?? 0)).rejects.toThrow('ENOENT');
});
