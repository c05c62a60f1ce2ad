/** The command line of `runtime test`. test/integration/conformance-command.test.ts runs it. */

import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {allRequirements} from '../../src/conformance/groups.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {tempDir} from '../rig/temp-dir.ts';

describe('runtime test --list', () => {
  it('lists all requirements, by group', async () => {
    await using dir = await tempDir();
    const {code, stdout} = await cli(dir, ['runtime', 'test', '--list']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^wire: wire format and errors\n {2}KNI-W01 MUST {3}serves all seven calls/);
    for (const {id} of allRequirements) expect(stdout).toContain(`  ${id} `);
  });

  it('lists chosen ones as JSON; ids may be short', async () => {
    await using dir = await tempDir();
    const args = ['runtime', 'test', '--list', '--json', '--requirement', 'd05', '--group', 'load'];
    const {stdout} = await cli(dir, args);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as {id: string}).id)).toEqual([
      'KNI-D05',
      'KNI-P01',
      'KNI-P02',
      'KNI-P03',
    ]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      type: 'requirement',
      group: 'delete',
      level: 'MUST',
      needs: 'socket',
      title: 'deletes a network that is still attached',
    });
  });
});

describe('runtime test refuses', () => {
  it.each([
    [[], 'no network runtime is given', 'KNI-E217'],
    [['dir', '--socket', 'x.sock'], 'several network runtimes are given', 'KNI-E217'],
    [['dir', '--group', 'nope'], 'unknown group nope', 'KNI-E217'],
    [['dir', '--requirement', 'x99'], 'unknown requirement KNI-X99', 'KNI-E217'],
    [['nowhere'], 'as a network runtime', 'KNI-E221'],
    [['--exec', '/run/some-runtime'], '/run/some-runtime', 'KNI-E221'],
  ])('%j: %s', async (args, message, errorCode) => {
    await using dir = await tempDir();
    const ended = await cli(dir, ['runtime', 'test', ...args]);
    expect(ended).toMatchObject({code: 2, errorCode, stderr: expect.stringContaining(message)});
  });

  it('a socket where no KNI server listens', async () => {
    await using dir = await tempDir();
    const ended = await cli(dir, ['runtime', 'test', '--socket', join(dir.path, 'none.sock')]);
    expect(ended).toMatchObject({
      code: 1,
      errorCode: 'KNI-E118',
      stderr: expect.stringContaining('none.sock: no server is listening on its socket\n'),
    });
  });

  it('a directory as the file of --junit, before it builds the runtime', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('main.go'), 'does not compile');
    const host = hostOf(() => '[exit code 1]');
    const args = ['runtime', 'test', '.', '--junit', dir.path];
    expect(await cli(dir, args, {host})).toMatchObject({code: 2, errorCode: 'KNI-E213'});
    expect(host.ran).toEqual([]);
  });

  it.each(['main.go', 'runtime.ts'])('a user without root, before it builds %s', async (name) => {
    await using dir = await tempDir();
    await writeFile(dir.join(name), 'does not compile');
    const host = hostOf(() => '2> unshare: unshare failed: Operation not permitted\n[exit code 1]');
    expect(await cli(dir, ['runtime', 'test', '.'], {host})).toMatchObject({
      errorCode: 'KNI-E311',
      stderr: expect.stringMatching(/unshare failed: Operation not permitted\ntry: {3}run it as root /),
    });
    expect(host.ran).toEqual([expect.stringMatching(/^unshare .* sh -c true$/)]);
  });
});
