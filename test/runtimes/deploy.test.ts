import {describe, expect, it} from 'vitest';
import type {Host} from '../../src/host/host.ts';
import {deploy, deployOnAll, developedProgram} from '../../src/runtimes/deploy.ts';
import {hostOf} from '../rig/cli.ts';
import {node} from '../rig/demo.ts';
import {nodeIn} from '../rig/developed-node.ts';
import {tempDir} from '../rig/temp-dir.ts';

const versionOf = (text: string) => ({
  source: '/root/hello',
  name: 'runtime.mjs',
  program: Buffer.from(text),
  proved: Buffer.from('first'),
});

describe('deploy', () => {
  it('replaces the program and restarts the service once', async () => {
    await using dir = await tempDir();
    const {host, text, started} = await nodeIn(dir);
    const next = {node: 'test1-worker', ...versionOf('second')};
    expect(await deploy(host, next)).toEqual({kind: 'serving'});
    expect([await text(), await started()]).toEqual(['second', ['second']]);
  });

  it('goes back to the former version when the new one exits, and says why', async () => {
    await using dir = await tempDir();
    const {host, text, started} = await nodeIn(dir);
    const next = {node: 'test1-worker', ...versionOf('bad')};
    expect(await deploy(host, next)).toMatchObject({
      kind: 'refused',
      error: {why: 'it exits after its start, with status 1\n  | last words'},
    });
    expect([await text(), await started()]).toEqual(['first', ['bad', 'first']]);
  });

  it('does not start a version that arrives in part, because kni-demo was killed', async () => {
    await using dir = await tempDir();
    const {host, text, started} = await nodeIn(dir);
    const cut: Host = {run: (command, options) => host.run(command, {...options, input: 'seco'})};
    const next = {node: 'test1-worker', ...versionOf('second')};
    await expect(deploy(cut, next)).rejects.toThrow('exit code 2');
    expect([await text(), await started()]).toEqual(['first', ['']]);
  });
});

describe('deployOnAll', () => {
  const names = ['test1-worker', 'test1-control-plane'] as const;
  const clusterOf = (hosts: Readonly<Record<string, Host>>) => ({
    nodes: names.map((name) => ({name})),
    node: (name: string): Host => {
      const host = hosts[name];
      if (host === undefined) throw new RangeError(name);
      return host;
    },
  });
  const version = {...versionOf('picky'), former: Buffer.from('first')};

  it('puts the former version back on the nodes that served the new one, when another node refuses it', async () => {
    await using one = await tempDir();
    await using two = await tempDir();
    const [good, picky] = [await nodeIn(one), await nodeIn(two, 'picky')];
    const refused = await deployOnAll(clusterOf({[names[0]]: good.host, [names[1]]: picky.host}), version);
    expect(refused).toMatchObject({what: `network runtime /root/hello does not work on ${names[1]}`});
    expect([await good.text(), await picky.text()]).toEqual(['first', 'first']);
    expect(await good.started()).toEqual(['picky', 'first']);
  });

  it('puts the former version back on the other nodes, when a node cannot be reached', async () => {
    await using one = await tempDir();
    const good = await nodeIn(one);
    const gone: Host = {run: () => Promise.reject(new Error('container is not running'))};
    const cluster = clusterOf({[names[0]]: good.host, [names[1]]: gone});
    await expect(deployOnAll(cluster, version)).rejects.toThrow('container is not running');
    expect(await good.text()).toBe('first');
  });
});

describe('developedProgram', () => {
  const read = (stdout: string) => {
    const host = hostOf((line) =>
      line.includes('head -n 1') ? '# {"source":"/root/hello","id":"dev"}' : stdout,
    );
    const cluster = {nodes: [node('test1-worker')], node: () => host};
    return developedProgram(cluster, versionOf(''), new AbortController().signal);
  };

  it('returns the program of an earlier session, if its file exists', async () => {
    expect(await read(Buffer.from('first').toString('base64'))).toEqual(Buffer.from('first'));
    expect(await read('')).toBeUndefined();
  });
});
