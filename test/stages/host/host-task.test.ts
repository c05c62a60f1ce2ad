import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {planTasks} from '../../../src/graph/plan.ts';
import {runTasks} from '../../../src/graph/run.ts';
import type {Host} from '../../../src/host/host.ts';
import type {DemoContext} from '../../../src/stages/context.ts';
import {engineRunning} from '../../../src/stages/host/engine-running.ts';
import {hostTask} from '../../../src/stages/host/host-task.ts';
import {requirementIds, requirements} from '../../../src/stages/host/requirements.ts';
import {demoContext, rejection} from '../../rig/demo.ts';
import {fakeHost} from '../../rig/fake-host.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('the tasks', () => {
  const run = async (context: DemoContext, cancel = new AbortController()) => {
    const plan = planTasks(requirements.map(hostTask));
    if (!plan.ok) throw new Error('no plan');
    const logs = (id: string): string => `${context.dirs.logs}/${id}.log`;
    return runTasks(plan.plan, {
      context,
      targets: requirementIds,
      signal: cancel.signal,
      emit: () => undefined,
      logs,
    });
  };
  /** Answers what is looked for; remembers and refuses everything else. */
  const looking = (answers: Readonly<Record<string, string | undefined>>) => {
    const ran: string[] = [];
    const host: Host = {
      run: async ([file, args], options) => {
        const line = [file, ...args].join(' ');
        const found = Object.entries(answers).find(([prefix]) => line.startsWith(prefix));
        const script = found?.[1] === undefined ? '$ x\n[not found]' : `$ x\n${found[1]}`;
        if (found === undefined) ran.push(line);
        else return fakeHost(script).run(['x', []], options);
        return {stdout: '', stderr: ''};
      },
    };
    return {host, ran};
  };

  it('run nothing when nothing is missing', async () => {
    await using dir = await tempDir();
    const {host, ran} = looking({'docker version': '26.1', 'kind version': 'kind v0.27.0'});
    expect(await run(await demoContext(dir, host, {mayInstall: true}))).toEqual({ok: true, ran: []});
    expect(ran).toEqual([]);
  });

  it('run no command without permission to install', async () => {
    await using dir = await tempDir();
    const {host, ran} = looking({'docker version': undefined, 'kind version': undefined});
    const result = await run(await demoContext(dir, host, {mayInstall: false}));
    expect(result).toMatchObject({
      ok: false,
      failures: [
        {
          task: 'host/packages',
          failure: {kind: 'threw', error: {name: 'UserError', exitCode: exitCodes.hostLacks}},
        },
        {},
        {},
        {},
      ],
    });
    expect(ran).toEqual([]);
  });

  it('install what is missing, in order, with permission', async () => {
    await using dir = await tempDir();
    const {host, ran} = looking({'docker version': '26.1', 'kind version': undefined});
    const result = await run(await demoContext(dir, host, {mayInstall: true}));
    expect(result).toEqual({ok: true, ran: ['host/kind']});
    expect(ran.map((line) => line.split(' ')[0])).toEqual([
      'rm',
      'mkdir',
      'sh',
      'sh',
      'env',
      'env',
      'rm',
      'mkdir',
      'sh',
      'mv',
    ]);
  });

  it('report why a download failed', async () => {
    await using dir = await tempDir();
    const host: Host = {
      async run([file, args], options) {
        if (file === 'docker') return {stdout: '26.1', stderr: ''};
        const line = [file, ...args].join(' ');
        const answer =
          file === 'kind'
            ? '[not found]'
            : line.endsWith('update')
              ? "E: Failed to fetch x  Could not resolve 'mirror.example'\n[exit code 100]"
              : '';
        return fakeHost(`$ x\n${answer}`).run(['x', []], options);
      },
    };
    const result = await run(await demoContext(dir, host, {mayInstall: true}));
    const [first] = result.ok ? [] : result.failures;
    const error = first?.failure.kind === 'threw' ? first.failure.error : undefined;
    expect(error).toMatchObject({
      what: 'a download failed: the server does not answer',
      why: "E: Failed to fetch x  Could not resolve 'mirror.example'",
    });
  });

  it('end during the wait for the engine when cancelled', async () => {
    await using dir = await tempDir();
    const cancel = new AbortController();
    const context = await demoContext(dir, looking({'docker version': undefined}).host, {mayInstall: true});
    const task = hostTask(engineRunning);
    const running = {fingerprint: '', fingerprintOf: () => '', signal: cancel.signal, log: () => undefined};
    const begun = task.run(context, running) ?? Promise.resolve();
    setImmediate(() => cancel.abort(new Error('cancelled by SIGINT')));
    expect((await rejection(begun, Error)).message).toMatch(/cancelled/);
  });
});
