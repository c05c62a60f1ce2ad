/** `runtime test` with the model runtime: output, exit codes, cancellation. */
import {chmod, readFile, writeFile} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, inject, it} from 'vitest';
import {allRequirements} from '../../src/conformance/groups.ts';
import {startOwnNode} from '../../src/conformance/own-node.ts';
import {runtimePaths, runtimeProcess} from '../../src/conformance/runtime-process.ts';
import {cli} from '../rig/cli.ts';
import {bundleModel, hostWithTools} from '../rig/conformance/suite.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
  await bundleModel(dir.join('model.mjs'));
});
afterAll(() => dir[Symbol.asyncDispose]());

/** An executable that runs the model runtime with a fault. */
const broken = async (fault: string): Promise<string> => {
  const file = dir.join(`broken-${fault}`);
  await writeFile(
    file,
    `#!/bin/sh\nKNI_FAULT=${fault} exec '${process.execPath}' '${dir.join('model.mjs')}'\n`,
  );
  await chmod(file, 0o755);
  return file;
};

const test = (args: readonly string[], signal = new AbortController().signal) =>
  cli(dir, ['runtime', 'test', ...args], {host: hostWithTools(inject('tools').env), signal});

describe('runtime test', () => {
  it('shows the request, the answer and what was expected when a MUST fails, and exits with 1', async () => {
    const junit = dir.join('results/junit.xml');
    const args = ['--exec', await broken('KNI-A10'), '--requirement', 'A10', '--requirement', 'W01'];
    const {code, stdout, stderr} = await test([...args, '--junit', junit]);
    expect({code, stderr}).toEqual({code: 1, stderr: ''});
    expect(stdout).toContain('  ok   KNI-W01 MUST   serves all seven calls of kni.KNI\n');
    expect(stdout).toContain(
      '  FAIL KNI-A10 MUST   answers NOT_FOUND to QueryPodNetwork for an unknown sandbox\n',
    );
    expect(stdout).toMatch(/^ {7}request {3}QueryPodNetwork\s+\{"id":"[0-9a-f]{64}"\}$/m);
    expect(stdout).toMatch(/^ {7}answer {4}INTERNAL: unknown sandbox {2}\d+ ms$/m);
    expect(stdout).toContain('       expected  NOT_FOUND\n       observed  the status is INTERNAL\n');
    expect(stdout).toMatch(/^not conformant: 1 passed, 1 MUST failed, 0 SHOULD failed, 0 skipped\. /m);
    expect(await readFile(junit, 'utf8')).toContain('tests="1" failures="1"');
  });

  it('does not call a runtime conformant after a part of the checks', async () => {
    const {code, stdout} = await test(['--exec', await broken('KNI-A10'), '--requirement', 'W01']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^partly checked: 1 passed, 0 MUST failed, 0 SHOULD failed, 0 skipped\. /m);
  });

  it('exits with 0 when only a SHOULD fails, and prints JSON', async () => {
    const args = ['--exec', await broken('KNI-A05'), '--requirement', 'A05', '--json'];
    const {code, stdout} = await test(args);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(code).toBe(0);
    expect(lines).toMatchObject([
      {type: 'requirement', id: 'KNI-A05', level: 'SHOULD', outcome: 'failed', observed: 'it is ""'},
      {type: 'result', command: 'runtime test', exitCode: 0, conformant: true, failedMust: 0, failedOther: 1},
    ]);
  });

  it('says why a runtime does not start, with its last lines', async () => {
    const file = dir.join('exits');
    await writeFile(file, '#!/bin/sh\necho no configuration; exit 3\n');
    await chmod(file, 0o755);
    const {code, stderr, errorCode} = await test([file]);
    expect({code, errorCode}).toEqual({code: 1, errorCode: 'KNI-E118'});
    expect(stderr).toContain('it ended with exit code 3\n       │ no configuration\ntry:   correct it ');
  });

  it('checks a running runtime with calls only, and deletes the networks of its pods', {
    timeout: 600_000,
  }, async () => {
    const host = hostWithTools(inject('tools').env);
    const {signal} = new AbortController();
    await using node = await startOwnNode(host, signal);
    const options = {podCidrs: '10.99.0.0/24', signal};
    await using runtime = runtimeProcess(host, node, [process.execPath, [dir.join('model.mjs')]], options);
    await runtime.start();
    const {code, stdout} = await test(['--socket', node.path(runtimePaths.socket), '--json']);
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const results = lines.filter(({type}) => type === 'requirement');
    expect(results.length).toBe(allRequirements.filter(({needs}) => needs === 'socket').length);
    expect(results.filter(({outcome}) => outcome !== 'passed')).toEqual([]);
    expect(lines.at(-1)).toMatchObject({type: 'result', unchecked: allRequirements.length - results.length});
    expect(JSON.parse(await node.run(['cat', [`${runtimePaths.state}/pods.json`]]))).toEqual([]);
  });

  it('leaves no process when it is cancelled', async () => {
    const cancelled = new AbortController();
    const ended = test([dir.join('model.mjs'), '--group', 'load'], cancelled.signal);
    setTimeout(() => cancelled.abort(), 5_000);
    expect(await ended).toMatchObject({code: 130});
    const {stdout} = await hostWithTools({}).run(['ps', ['-eo', 'args']]);
    expect(stdout.split('\n').filter((line) => line.includes(dir.path))).toEqual([]);
  });
});
