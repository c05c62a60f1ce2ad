import {expect, it} from 'vitest';
import {CommandError} from '../../../src/host/command-error.ts';
import type {Host} from '../../../src/host/host.ts';
import {recordedNetwork, recordNetwork} from '../../../src/stages/lib/network-record.ts';
import {tempDir} from '../../rig/temp-dir.ts';

it('does not keep the engine from starting if the network cannot be read', async () => {
  await using dir = await tempDir();
  const host: Host = {
    async run(command) {
      if (command[0] === 'ip6tables-save') throw new CommandError(command, {reason: 'exit code 1'});
      return {stdout: '', stderr: ''};
    },
  };
  const dirs = {state: dir.join('state')};
  await recordNetwork(host, dirs);
  expect(await recordedNetwork(dirs)).toBeUndefined();
});
