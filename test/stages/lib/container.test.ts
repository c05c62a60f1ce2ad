import {describe, expect, it} from 'vitest';
import type {Host} from '../../../src/host/host.ts';
import {runStep} from '../../../src/stages/lib/container.ts';
import {hostOf} from '../../rig/cli.ts';
import {demoContext} from '../../rig/demo.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const step = {image: 'builder:1', script: ['build.sh', 'kubelet'], out: '/work/out'} as const;
const running = (signal: AbortSignal) => ({
  fingerprint: '0123456789abcdef',
  fingerprintOf: () => '',
  signal,
  log: () => undefined,
});

describe('runStep', () => {
  it('runs the script in a container that is named after the fingerprint', async () => {
    await using dir = await tempDir();
    const host = hostOf(() => '');
    await runStep(step, await demoContext(dir, host), running(new AbortController().signal));
    expect(host.ran).toHaveLength(1);
    expect(host.ran[0]).toMatch(/^docker run --rm --name kni-demo-0123456789ab-\d+ /);
    expect(host.ran[0]).toMatch(/--volume \/work\/out:\/out .*builder:1 .* \/scripts\/build\.sh kubelet$/);
  });

  it('runs the script as a user, who owns the result then', async () => {
    await using dir = await tempDir();
    const host = hostOf(() => '');
    const asUser = {...step, user: '1000:1000'};
    await runStep(asUser, await demoContext(dir, host), running(new AbortController().signal));
    expect(host.ran[0]).toMatch(/ --user 1000:1000 .* builder:1 sh \/scripts\/build\.sh kubelet$/);
  });

  it('removes the container when the run is cancelled, and rejects', async () => {
    await using dir = await tempDir();
    const cancel = new AbortController();
    const ran: string[] = [];
    const host: Host = {
      async run([, args]) {
        ran.push(args.slice(0, 2).join(' '));
        if (args[0] !== 'run') return {stdout: '', stderr: ''};
        cancel.abort();
        throw new Error('cancelled');
      },
    };
    const result = runStep(step, await demoContext(dir, host), running(cancel.signal));
    await expect(result).rejects.toThrow('cancelled');
    expect(ran).toEqual(['run --rm', 'rm --force']);
  });
});
