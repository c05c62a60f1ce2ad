import {readFile, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {type ActionsOptions, createActions} from '../../src/dashboard/actions.ts';
import {localHost} from '../../src/host/process.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {until} from '../rig/wait.ts';

/** A program in the place of kni-demo that prints its arguments, and does what the test says. */
const actionsWith = async (script: string, rest: Partial<ActionsOptions> = {}) => {
  const dir = await tempDir();
  const program = dir.join('kni-demo');
  await writeFile(
    program,
    `#!/bin/bash\nprintf '[%s]' "$@" >>${dir.join('ran')}; echo >>${dir.join('ran')}\n${script}\n`,
    {
      mode: 0o755,
    },
  );
  const actions = createActions({
    host: localHost(),
    cluster: 'test1',
    kniDemo: [program, []],
    drills: ['life', 'readiness'],
    isReadOnly: false,
    signal: new AbortController().signal,
    ...rest,
  });
  return {
    ...actions,
    dir,
    ran: () => readFile(dir.join('ran'), 'utf8').catch(() => ''),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
};

describe('actions', () => {
  it.each([
    [{action: 'create-pod', name: 'web'}, '[pod][create][web]', 'kni-demo pod create web'],
    [
      {action: 'create-pod', name: 'web', node: 'test1-worker'},
      '[pod][create][web][--node][test1-worker]',
      'kni-demo pod create web --node test1-worker',
    ],
    [{action: 'delete-pod', pod: 'default/web'}, '[pod][delete][web]', 'kni-demo pod delete web'],
    [{action: 'delete-pod', pod: 'other/web'}, '[pod][delete][other/web]', 'kni-demo pod delete other/web'],
    [
      {action: 'stop-runtime', node: 'test1-worker'},
      '[stop][--runtime-of][test1-worker]',
      'kni-demo stop --runtime-of test1-worker',
    ],
    [
      {action: 'start-runtime', node: 'test1-worker'},
      '[start][--runtime-of][test1-worker]',
      'kni-demo start --runtime-of test1-worker',
    ],
    [{action: 'drill', name: 'life'}, '[drill][life]', 'kni-demo drill life'],
  ])('runs %j as a command of kni-demo', async (body, args, commandLine) => {
    await using actions = await actionsWith('echo out; echo err >&2');
    expect(await actions.act(body)).toEqual({
      status: 200,
      response: {ok: true, commandLine, output: expect.stringMatching(/^(out\nerr|err\nout)$/)},
    });
    expect(await actions.ran()).toBe(`${args}[--name][test1]\n`);
  });

  it('names the cluster in the command line if it is not the usual one', async () => {
    await using actions = await actionsWith('', {cluster: 'lab'});
    const {response} = await actions.act({action: 'delete-pod', pod: 'web'});
    expect(response.commandLine).toBe('kni-demo pod delete web --name lab');
    expect(await actions.ran()).toBe('[pod][delete][web][--name][lab]\n');
  });

  it('passes on why a command has failed, without its colours', async () => {
    await using actions = await actionsWith(String.raw`printf '\033[31merror:\033[39m no\n' >&2; exit 2`);
    expect(await actions.act({action: 'drill', name: 'life'})).toMatchObject({
      status: 200,
      response: {ok: false, output: 'error: no'},
    });
  });

  it.each([
    [undefined],
    ['drill'],
    [{}],
    [{action: 'rm'}],
    [{action: 'create-pod'}],
    [{action: 'create-pod', name: '--help'}],
    [{action: 'create-pod', name: 'a;reboot'}],
    [{action: 'create-pod', name: '$(reboot)'}],
    [{action: 'create-pod', name: 'a', node: '--image=x'}],
    [{action: 'create-pod', name: 'a', image: 'evil'}],
    [{action: 'create-pod', name: ['a', 'b']}],
    [{action: 'delete-pod', pod: '-all'}],
    [{action: 'delete-pod', pod: 'a/b/c'}],
    [{action: 'stop-runtime', node: '-'}],
    [{action: 'stop-runtime', node: 'a b'}],
    [{action: 'drill', name: '--all'}],
    [{action: 'drill', name: 'unknown'}],
  ])('refuses %j and runs nothing', async (body) => {
    await using actions = await actionsWith('');
    expect(await actions.act(body)).toEqual({
      status: 400,
      response: {ok: false, commandLine: '', output: expect.stringMatching(/^invalid request: ./)},
    });
    expect(await actions.ran()).toBe('');
  });

  it('runs nothing if the dashboard is read-only', async () => {
    await using actions = await actionsWith('', {isReadOnly: true});
    expect(await actions.act({action: 'create-pod', name: 'web'})).toEqual({
      status: 403,
      response: {ok: false, commandLine: '', output: 'this dashboard is read-only'},
    });
    expect(await actions.ran()).toBe('');
  });

  it('runs one of a kind at a time, and others beside it', async () => {
    await using actions = await actionsWith(
      '[ "$1" != drill ] || until [ -e "$(dirname "$0")/go" ]; do sleep 0.02; done',
    );
    const first = actions.act({action: 'drill', name: 'life'});
    await until('the drill', async () => (await actions.ran()) !== '');
    expect(await actions.act({action: 'drill', name: 'readiness'})).toEqual({
      status: 409,
      response: {
        ok: false,
        commandLine: 'kni-demo drill readiness',
        output: 'another drill is still running',
      },
    });
    expect((await actions.act({action: 'create-pod', name: 'web'})).response.ok).toBe(true);
    await writeFile(actions.dir.join('go'), '');
    expect((await first).response.ok).toBe(true);
    expect((await actions.act({action: 'drill', name: 'readiness'})).response.ok).toBe(true);
  });

  it('lets a command finish its cleanup when the dashboard ends', async () => {
    const ending = new AbortController();
    const script = `trap 'sleep 0.3; echo restored >"$(dirname "$0")/restored"; exit 130' TERM
      touch "$(dirname "$0")/begun"; while :; do sleep 0.02; done`;
    await using actions = await actionsWith(script, {signal: ending.signal});
    const work = actions.act({action: 'drill', name: 'life'});
    await until('the drill', () => readFile(actions.dir.join('begun')).then(() => true));
    ending.abort();
    await actions.ended();
    expect(await readFile(actions.dir.join('restored'), 'utf8')).toBe('restored\n');
    expect((await work).response.ok).toBe(false);
  });
});
