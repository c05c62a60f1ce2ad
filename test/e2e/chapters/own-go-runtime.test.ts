/** The template in Go is compiled, tested, checked for conformance, used, developed and left. */

import {mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {localHost} from '../../../src/host/process.ts';
import {project} from '../../../src/project.ts';
import {controlPlane, named, shell, value, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {goTemplateTests} from '../../rig/cluster/go-tests.ts';
import {kniDemo, type Running, start} from '../../rig/cluster/kni-demo.ts';
import {podIp, podReady, podSubnet, sample} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

useCluster();

describe('a network runtime in Go', () => {
  let dir = '';
  let hello = '';
  let running: Running | undefined;
  const use = (what: string) => kniDemo('runtime', 'use', what, ...named, '--yes');
  const sampleUid = (): Promise<string> => value('.metadata.uid', 'pod', sample);
  const networks = (node: string): Promise<string> => shell(node, 'kni-runtime networks || true');
  const edit = async (from: string, to: string): Promise<void> => {
    const text = await readFile(join(hello, 'main.go'), 'utf8');
    expect(text).toContain(from);
    await writeFile(join(hello, 'main.go'), text.replace(from, to));
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kni-go-'));
    hello = join(dir, 'hello');
    await use('default');
    await kniDemo('runtime', 'new', hello, '--lang', 'go');
  });
  // A failed test must not keep the lock from the next one.
  afterEach(async () => {
    running?.kill();
    await running?.ended;
  });
  afterAll(async () => {
    await use('default');
    await rm(dir, {recursive: true, force: true});
  });

  it('is compiled into a static executable', async () => {
    expect(await kniDemo('runtime', 'build', hello)).toMatchObject({exitCode: exitCodes.ok});
    const program = join(hello, 'runtime');
    expect((await stat(program)).mode & 0o777).toBe(0o755);
    // The program has no interpreter: no dynamic linker.
    expect((await readFile(program)).includes('/lib64/ld-linux')).toBe(false);
  });

  it('is refused with file and line of each error, and with the packages that are missing', async () => {
    const broken = join(hello, 'broken.go');
    const build = async (text: string) => {
      await writeFile(broken, `package main\n\n${text}\n`);
      return kniDemo('runtime', 'build', hello);
    };
    const errors: readonly (readonly [code: string, message: string])[] = [
      ['func x() int {}', 'broken.go:3:15: missing return'],
      ['var x = y', 'broken.go:3:9: undefined: y'],
      ['import "example.org/nothing"', 'broken.go:3:8: cannot find package "example.org/nothing"'],
    ];
    for (const [code, message] of errors)
      expect(await build(code)).toMatchObject({
        exitCode: exitCodes.badInput,
        stderr: expect.stringContaining(message),
      });
    await writeFile(broken, 'package lib\n');
    expect((await kniDemo('runtime', 'build', hello)).stderr).toContain('found packages main');
    await rm(broken);
  });

  it('passes its own test, and is formatted as gofmt does', async () => {
    expect(await goTemplateTests(hello)).toMatch(/^ok\s+example\.com\/kni-runtime\s/m);
  });

  it('behaves as the template in TypeScript', async () => {
    const vitest = join(project.root, 'node_modules/vitest/vitest.mjs');
    const files = ['template', 'template-in-cluster'].map((name) => `test/integration/${name}.test.ts`);
    const {stdout} = await localHost().run(
      [process.execPath, [vitest, 'run', '--project', 'integration', ...files]],
      {
        cwd: project.root,
        env: {KNI_TEMPLATE: join(hello, 'runtime'), NO_COLOR: '1', FORCE_COLOR: undefined},
        onLine: (line) => void process.stderr.write(`${line}\n`),
      },
    );
    expect(stdout).toMatch(/Test Files +2 passed/);
  });

  it('conforms', async () => {
    const ended = await kniDemo('runtime', 'test', hello);
    expect(ended).toMatchObject({exitCode: exitCodes.ok, stdout: expect.stringContaining('conformant: ')});
  });

  it('gives the same pods their networks', async () => {
    const uid = await sampleUid();
    expect(await use(hello)).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringMatching(/\n1\. address in runtime's log[^]*\n4\. netns joined[^]*In use: /),
    });
    expect(await sampleUid()).toBe(uid);
    expect(await podIp(sample)).toMatch(podSubnet);
    expect((await use(hello)).stdout).toContain('Already in use: ');
  });

  it('is developed: each save serves, an error does not', async () => {
    const uid = await sampleUid();
    running = start('runtime', 'dev', hello, ...named, '--yes');
    await running.printed('proved ');
    await edit('Name: "bridge"', 'Name: "edited"');
    // The logs of the nodes, which it also prints, say "serving KNI".
    await running.printed(/serving [\d.]+ m?s after/);
    for (const node of [worker, controlPlane]) expect(await networks(node)).toContain('"edited"');
    await until('the sample pod to be new', async () => (await sampleUid()) !== uid);
    await podReady(sample);
    await edit('Name: "edited"', 'Name: 5');
    await running.printed('main.go:');
    await running.printed('the former version keeps serving');
    expect(await networks(worker)).toContain('"edited"');
    await edit('Name: 5', 'Name: "again"');
    await until('the corrected version to serve', async () => (await networks(worker)).includes('"again"'));
    running.interrupt();
    expect(await running.ended).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining(`Still in use: ${hello}`),
    });
    await podReady(sample);
  });

  it('is developed further by the next session, which finds the program on the nodes', async () => {
    running = start('runtime', 'dev', hello, ...named, '--yes');
    await edit('Name: "again"', 'Name: "further"');
    await until('the new version to serve', async () => (await networks(worker)).includes('"further"'));
    expect(running.output()).not.toContain('switching ');
    await running.printed('proved ');
    running.interrupt();
    expect(await running.ended).toMatchObject({exitCode: exitCodes.ok});
  });

  it('is rolled back when it exits, and is left without a trace', async () => {
    await edit('func start() error {', 'func start() error {\n\tpanic("no map")');
    expect(await use(hello)).toMatchObject({
      exitCode: exitCodes.failed,
      stderr: expect.stringMatching(/it exits after its start, with status 2[^]*\| panic: no map/),
    });
    expect(await networks(worker)).toContain('"further"');
    expect(await use('default')).toMatchObject({exitCode: exitCodes.ok});
    expect(await shell(worker, 'ls -d /opt/kni/user-runtime /var/lib/kni-runtime 2>/dev/null || true')).toBe(
      '',
    );
    await podReady(sample);
  });
});
