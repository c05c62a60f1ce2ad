import {access, mkdir, readdir, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {writeRecord} from '../../src/cluster/cluster.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {attach} from '../../src/host/process.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, node, printed} from '../rig/demo.ts';

const running = [node('test1-control-plane'), node('test1-worker')];
const stopped = running.map((each) => ({...each, running: false}));
const apiNodes = JSON.stringify({
  items: running.map(({name}) => ({
    metadata: {name},
    status: {conditions: [{type: 'Ready', status: 'True'}]},
  })),
});
const leases = JSON.stringify({
  items: running.map(({name}) => ({metadata: {name}, spec: {renewTime: '2026-11-28T10:00:00Z'}})),
});

const having = (nodes: typeof running, answer: (command: string) => string = () => '') =>
  hostOf((command) => {
    if (command.startsWith('docker ps')) return printed(...nodes).join('\n');
    if (command.includes(' leases ')) return leases;
    if (command.includes('get nodes')) return apiNodes;
    return answer(command);
  });

describe('stop and start', () => {
  it('stop the running nodes', async () => {
    await using dir = await dirWithCluster();
    const host = having(running);
    const {code, stdout} = await cli(dir, ['stop'], {host});
    expect({code, stdout}).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^Cluster test1 is stopped: test1-control-plane, test1-worker\. [\d.]+ s\n$/,
      ),
    });
    expect(host.ran).toContain('docker stop test1-control-plane test1-worker');
  });

  it('have nothing to do', async () => {
    await using dir = await dirWithCluster();
    expect(await cli(dir, ['stop'], {host: having(stopped)})).toMatchObject({
      code: 0,
      stdout: 'Cluster test1 is stopped already.\n',
    });
    const host = having(running);
    expect((await cli(dir, ['start'], {host})).stdout).toMatch(
      /^Cluster test1 runs already: 2 nodes are Ready/,
    );
    expect(host.ran.filter((command) => command.startsWith('docker start'))).toEqual([]);
  });

  it('refuse to start a cluster whose node was removed, instead of waiting for that node', async () => {
    await using dir = await dirWithCluster();
    const dirs = dirsOf(envOf(dir));
    await writeRecord(dirs, 'test1', {phase: 'complete', nodeImage: 'kni-demo/node:1', workers: 2});
    const host = having(stopped);
    expect(await cli(dir, ['start'], {host})).toMatchObject({
      code: exitCodes.conflict,
      stderr: expect.stringContaining('the container of test1-worker2 was removed'),
    });
    expect(host.ran.filter((command) => command.startsWith('docker start'))).toEqual([]);
  });

  it('start the nodes and wait until they are Ready', async () => {
    await using dir = await dirWithCluster();
    const host = having(
      stopped,
      () => '/test1-worker 2026-11-28T09:00:00Z\n/test1-control-plane 2026-11-28T09:00:00Z',
    );
    expect((await cli(dir, ['start'], {host})).stdout).toMatch(
      /^Cluster test1 is started: 2 nodes are Ready\. /,
    );
    expect(host.ran).toContain('docker start test1-control-plane test1-worker');
  });
});

describe('kubectl', () => {
  it('is copied from the cluster, and gets all arguments, the kubeconfig and its exit code', async () => {
    await using dir = await dirWithCluster();
    const copy = async (target: string): Promise<void> => writeFile(target, '#!/bin/sh\n');
    const pending: Promise<void>[] = [];
    const host = having(running, (command) => {
      const target = /^docker cp \S+ \S+ (\S+)/.exec(command)?.[1];
      if (target !== undefined) pending.push(copy(target));
      return '';
    });
    const slow = {
      run: async (...args: Parameters<typeof host.run>) => {
        const result = await host.run(...args);
        await Promise.all(pending);
        return result;
      },
    };
    const seen: unknown[] = [];
    const attached = async (command: unknown, {env}: {env: object}) => seen.push([command, env]) + 2;
    for (const args of [['-n', 'kube-system', 'get', 'pods', '--help'], ['--version']]) {
      const {code, stdout, stderr} = await cli(dir, ['kubectl', ...args], {host: slow, attach: attached});
      expect({stdout, stderr}).toEqual({stdout: '', stderr: ''});
      expect(code).toBe(seen.length + 2);
    }
    const program = dir.join('cache/kni-demo/kubectl/kni-demo_node_1/kubectl');
    const env = {KUBECONFIG: dir.join('state/kni-demo/clusters/test1/kubeconfig')};
    expect(seen).toEqual([
      [[program, ['-n', 'kube-system', 'get', 'pods', '--help']], env],
      [[program, ['--version']], env],
    ]);
    await access(program);
    expect(host.ran.filter((command) => command.startsWith('docker cp'))).toHaveLength(1);
  });

  it('passes on exit codes and signals', async () => {
    const cancel = new AbortController();
    const options = {env: {CODE: '7'}, signal: cancel.signal};
    expect(await attach(['sh', ['-c', 'exit $CODE']], options)).toBe(7);
    const ended = attach(['sleep', ['60']], options);
    setTimeout(() => cancel.abort(new Error('cancelled by SIGTERM')), 100);
    expect(await ended).toBe(128 + 15);
    await expect(attach(['/nonexistent', []], options)).rejects.toThrow('/nonexistent');
  });
});

describe('image load', () => {
  it('copies an image of the docker engine into every node', async () => {
    await using dir = await dirWithCluster();
    const host = having(running, (command) =>
      command.includes('images import') ? 'unpacking docker.io/library/a:1 (sha256:1234)...done' : '',
    );
    const {code, stdout} = await cli(dir, ['image', 'load', 'a:1'], {host});
    expect({code, stdout}).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^loaded docker\.io\/library\/a:1 into 2 nodes\. [\d.]+ s\n$/),
    });
    expect(host.ran.filter((command) => command.includes('images import'))).toHaveLength(2);
    expect(host.ran.filter((command) => command.includes(' rm -f '))).toHaveLength(2);
  });

  it('loads a tarball without docker save', async () => {
    await using dir = await dirWithCluster();
    const tarball = dir.join('a.tar');
    await writeFile(tarball, '');
    const host = having(running);
    expect((await cli(dir, ['image', 'load', tarball], {host})).code).toBe(0);
    expect(host.ran.some((command) => command.startsWith('docker save'))).toBe(false);
    expect(host.ran.some((command) => command.startsWith(`docker cp ${tarball} test1-worker:`))).toBe(true);
  });

  it.each(['a', './a', 'a:1'])('takes %s for an image if it is a directory', async (image) => {
    await using dir = await dirWithCluster();
    await mkdir(dir.join('a'));
    await mkdir(dir.join('a:1'));
    const host = having(running);
    expect((await cli(dir, ['image', 'load', image], {host})).code).toBe(0);
    expect(host.ran.filter((command) => command.startsWith('docker save'))).toHaveLength(1);
  });

  it('gives docker an absolute path, because it takes the beginning of a:1.tar for a container', async () => {
    await using dir = await dirWithCluster();
    await writeFile(dir.join('a:1.tar'), '');
    const host = having(running);
    expect((await cli(dir, ['image', 'load', 'a:1.tar'], {host})).code).toBe(0);
    expect(host.ran.some((each) => each.startsWith(`docker cp ${dir.join('a:1.tar')} test1-worker:`))).toBe(
      true,
    );
  });

  it('removes the part of a file that a cancelled copy left on a node, and marks the cache', async () => {
    await using dir = await dirWithCluster();
    const broken = having(running, (command) =>
      command.startsWith('docker cp') ? '2> no space left on device\n[exit code 1]' : '',
    );
    const {code, stderr} = await cli(dir, ['image', 'load', 'a:1'], {host: broken});
    expect({code, stderr}).toEqual({code: 1, stderr: expect.stringContaining('no space left on device')});
    expect(stderr).not.toContain('containerd');
    expect(broken.ran.filter((command) => command.includes(' rm -f ')).length).toBeGreaterThan(0);
    expect(await readdir(dir.join('cache/kni-demo'))).toEqual(['.kni-demo']);
  });

  it('says that docker does not have the image, or that containerd refuses it', async () => {
    await using dir = await dirWithCluster();
    const missing = having(running, (command) =>
      command.startsWith('docker image inspect') ? '2> Error: No such image: a:1\n[exit code 1]' : '',
    );
    expect(await cli(dir, ['image', 'load', 'a:1'], {host: missing})).toMatchObject({
      code: exitCodes.badInput,
      stderr:
        'error: cannot load image a:1: No such image: a:1\n' +
        'try:   pull or build it first (docker pull a:1), or give the path of a tarball\n',
    });
    const broken = having(running, (command) =>
      command.includes('images import') ? '2> ctr: unrecognized image format\n[exit code 1]' : '',
    );
    expect(await cli(dir, ['image', 'load', 'a:1'], {host: broken})).toMatchObject({
      code: exitCodes.failed,
      stderr: expect.stringContaining('ctr: unrecognized image format'),
    });
    expect(broken.ran.filter((command) => command.includes(' rm -f ')).length).toBeGreaterThan(0);
  });
});
