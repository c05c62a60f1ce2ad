import {spawnSync} from 'node:child_process';
import {build} from 'esbuild';
import {expect, it} from 'vitest';
import {tempDir} from '../rig/temp-dir.ts';

it('does not wait for zombies that PID 1 never reaps when it kills a program', async () => {
  await using dir = await tempDir();
  const code = `
    import {createExec} from './runtime/src/process/exec.ts';
    const exec = createExec();
    await exec({file: 'true', timeoutMs: 60_000});
    const program = exec.startEarly({file: 'cat', env: {}});
    await new Promise((resolve) => setTimeout(resolve, 500));
    const begun = performance.now();
    await program.cancel();
    console.log(JSON.stringify({pid: process.pid, ms: performance.now() - begun}));
    process.exit();`;
  const outfile = dir.join('kill.mjs');
  const stdin = {contents: code, resolveDir: process.cwd()};
  await build({stdin, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent'});
  const isolated = ['--pid', '--fork', '--mount-proc', process.execPath, outfile];
  const {stdout} = spawnSync('unshare', isolated, {encoding: 'utf8'});
  const {pid, ms} = JSON.parse(stdout) as {pid: number; ms: number};
  expect(pid).toBe(1);
  expect(ms).toBeLessThan(900);
});
