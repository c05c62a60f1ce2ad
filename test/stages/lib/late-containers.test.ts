import {expect, it} from 'vitest';
import {CommandError} from '../../../src/host/command-error.ts';
import type {Host} from '../../../src/host/host.ts';
import {removeLateContainers} from '../../../src/stages/lib/late-containers.ts';
import {demoContext, rejection} from '../../rig/demo.ts';
import {tempDir} from '../../rig/temp-dir.ts';

it('does not wait for a docker engine that hangs', async () => {
  await using dir = await tempDir();
  const asked: string[] = [];
  const host: Host = {
    run: (command, {signal} = {}) =>
      new Promise((_, reject) => {
        asked.push(command[1][0] ?? '');
        signal?.addEventListener('abort', () => reject(new CommandError(command, {reason: 'cancelled'})));
      }),
  };
  const context = await demoContext(dir, host);
  const removed = removeLateContainers(context, () => undefined, 100);
  expect((await rejection(removed, CommandError)).reason).toBe('cancelled');
  expect(asked).toEqual(['ps', 'ps']);
});
