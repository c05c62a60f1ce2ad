import {readdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, gibibyte, machine, node, printed} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

const nodes = [node('test1-control-plane'), node('test1-worker')];

describe('pod create', () => {
  it('does not touch a pod that exists', async () => {
    await using dir = await dirWithCluster();
    const found = {
      metadata: {name: 'a', uid: 'u'},
      spec: {nodeName: 'test1-worker'},
      status: {podIP: '10.244.1.5', conditions: [{type: 'Ready', status: 'True'}]},
    };
    const host = hostOf((command) =>
      command.startsWith('docker ps') ? printed(...nodes).join('\n') : JSON.stringify(found),
    );
    expect(await cli(dir, ['pod', 'create', 'a'], {host})).toMatchObject({
      code: exitCodes.badInput,
      stderr:
        'error: pod a already exists: it is Ready on test1-worker with 10.244.1.5\n' +
        'try:   choose another name, or delete it: kni-demo pod delete a\n',
    });
    expect(host.ran.filter((command) => command.includes('apply'))).toEqual([]);
  });

  it('passes on the message of kubectl', async () => {
    await using dir = await dirWithCluster();
    const host = hostOf((command) => {
      if (command.startsWith('docker ps')) return printed(...nodes).join('\n');
      return command.includes(' apply ') ? '2> error: connection refused\n[exit code 1]' : '';
    });
    const {code, stderr} = await cli(dir, ['pod', 'create', 'a'], {host});
    expect(code).toBe(exitCodes.failed);
    expect(stderr).toContain('  │ error: connection refused\n');
    expect(stderr).not.toContain('    at ');
  });
});

describe('up', () => {
  const having = (rest: Record<string, string> = {}) =>
    hostOf((command) => {
      for (const [part, answer] of Object.entries(rest)) if (command.includes(part)) return answer;
      if (command.startsWith('docker version')) return '26.1.5';
      if (command.startsWith('kind version')) return 'kind v0.27.0';
      return '';
    });
  const absent = '2> Error response from daemon: No such image: x\n[exit code 1]';

  it('lists what the machine lacks, and changes nothing', async () => {
    await using dir = await tempDir();
    const host = having({'docker version': '[not found]', 'kind version': '[not found]'});
    const {code, stdout, stderr} = await cli(dir, ['up'], {host});
    expect(code).toBe(exitCodes.hostLacks);
    expect(stdout).toMatch(/^\+ system .*\n[\s\S]*^- kind +missing: not installed\n$/m);
    expect(stderr).toMatch(/^error: this machine does not meet the requirements of the demo: packages: /);
    const asked = /^(docker version|docker ps|kind version|git ls-remote) ?/;
    expect(host.ran.filter((command) => !asked.test(command))).toEqual([]);
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('reports too little disk space, with and without --yes', async () => {
    await using dir = await dirWithCluster();
    const small = machine({
      roomAt: async () => ({disk: gibibyte, memory: 8 * gibibyte, cores: 2}),
    });
    expect(await cli(dir, ['up', '--yes'], {host: having(), machine: small})).toMatchObject({
      code: exitCodes.hostLacks,
      stderr: expect.stringMatching(
        /of the demo: room: 1 GB free for [^\n]*\ntry: {3}free 15 GB there, or set XDG_CACHE_HOME/,
      ),
    });
  });

  it.each([
    ['foreign', {stack: undefined, image: 'kindest/node:v1'}, /was not made by kni-demo/],
    [
      'made from other sources',
      {},
      /runs kni-demo\/node:1; the current sources build kni-demo\/node:[0-9a-f]{16}/,
    ],
  ])('refuses a cluster that is %s before anything is built', async (_, rest, text) => {
    await using dir = await dirWithCluster();
    const there = printed(...nodes.map((each) => ({...each, ...rest}))).join('\n');
    const host = having({'docker ps': there, 'image inspect': absent});
    const {code, stderr} = await cli(dir, ['up'], {host});
    expect({code, stderr}).toEqual({code: exitCodes.conflict, stderr: expect.stringMatching(text)});
    expect(
      host.ran.filter((command) => /docker (build|run|pull|import)|mmdebstrap|kind create/.test(command)),
    ).toEqual([]);
    expect(await readdir(dir.join('state/kni-demo'))).toEqual(['clusters', 'lock']);
  });

  it('ends with the exit code of the failed task, after the reason and the path of the log', async () => {
    await using dir = await dirWithCluster();
    const host = having({
      'image inspect': absent,
      'docker pull': '2> dial tcp: lookup registry.example: no such host\n[exit code 1]',
    });
    // `up` would also run tasks without the image, which fail for another reason.
    const {code, stdout, stderr} = await cli(dir, ['init', '--quiet'], {
      host,
      machine: machine({mirrors: async () => undefined}),
    });
    expect({code, stderr}).toEqual({code: exitCodes.hostLacks, stderr: ''});
    expect(stdout).toContain('cannot pull debian:bookworm-slim');
    expect(stdout).toContain('dial tcp: lookup registry.example: no such host');
    expect(stdout).toContain(`log: ${dirsOf(envOf(dir)).logs}/init/base-image.log`);
    expect(stdout).not.toContain('    at ');
  });

  it('is cancelled: 130, and nothing more is started', async () => {
    await using dir = await dirWithCluster();
    const cancel = new AbortController();
    const host = hostOf((command) => {
      if (command.startsWith('docker version')) return '26.1.5';
      if (command.startsWith('kind version')) return 'kind v0.27.0';
      if (command.includes('image inspect')) {
        cancel.abort(new Error('cancelled by SIGINT'));
        return absent;
      }
      return '';
    });
    const {code, stderr} = await cli(dir, ['up', '--quiet'], {host, signal: cancel.signal});
    expect({code, stderr}).toEqual({
      code: exitCodes.cancelled,
      stderr: 'cancelled; run the same command again to continue\n',
    });
    expect(
      host.ran.filter((command) => /docker (build|run|pull|import)|mmdebstrap|kind create/.test(command)),
    ).toEqual([]);
  });

  it('was cancelled before it began', async () => {
    await using dir = await dirWithCluster();
    const host = having();
    const {code} = await cli(dir, ['up'], {host, signal: AbortSignal.abort()});
    expect({code, ran: host.ran}).toEqual({code: exitCodes.cancelled, ran: []});
  });
});
