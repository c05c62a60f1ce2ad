import {spawn} from 'node:child_process';
import {rm, writeFile} from 'node:fs/promises';
import {connect, createServer} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {deploy, deployOnAll, developedProgram, kubeletConnected} from '../../src/runtimes/deploy.ts';
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

describe('kubelet_connected', () => {
  it('waits for the connection of the kubelet, and not of another client', async () => {
    await using dir = await tempDir();
    const socket = dir.join('kni.sock');
    const server = createServer((connection) => connection.on('error', () => undefined));
    await new Promise<void>((done) => server.listen(socket, done));
    // It never gives up, so a connection that it does not find is a timeout.
    const script = `${kubeletConnected}kubelet_connected; echo connected`
      .replace('/run/kni/kni.sock', socket)
      .replace('$(seq 50)', '$(seq 5000)');
    const other = connect(socket);
    await new Promise<void>((done) => other.on('connect', done));
    const order: string[] = [];
    const waiting = localHost()
      .run(['sh', ['-c', script]], {timeout: 30_000})
      .then(({stdout}) => order.push(stdout));
    await sleep(300);
    order.push('kubelet');
    const program = `process.title = 'kubelet'; net.connect(${JSON.stringify(socket)})`;
    const kubelet = spawn(process.execPath, ['-e', program], {stdio: 'ignore'});
    await waiting.finally(() => {
      kubelet.kill();
      other.destroy();
      server.close();
    });
    expect(order).toEqual(['kubelet', 'connected']);
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

  it('reports once that all nodes serve the version', async () => {
    await using one = await tempDir();
    await using two = await tempDir();
    const hosts = {[names[0]]: (await nodeIn(one)).host, [names[1]]: (await nodeIn(two)).host};
    let reports = 0;
    expect(await deployOnAll(clusterOf(hosts), {...version, onServing: () => reports++})).toEqual([]);
    expect(reports).toBe(1);
  });

  it('puts the former version back on the nodes that served the new one, when another node refuses it', async () => {
    await using one = await tempDir();
    await using two = await tempDir();
    const [good, picky] = [await nodeIn(one), await nodeIn(two, 'picky')];
    let reports = 0;
    const hosts = clusterOf({[names[0]]: good.host, [names[1]]: picky.host});
    const refused = await deployOnAll(hosts, {...version, onServing: () => reports++});
    expect(reports).toBe(0);
    expect(refused).toMatchObject({what: `network runtime /root/hello does not work on ${names[1]}`});
    expect([await good.text(), await picky.text()]).toEqual(['first', 'first']);
    expect(await good.started()).toEqual(['picky', 'first']);
  });

  it('rejects if the former version does not serve again', async () => {
    await using one = await tempDir();
    await using two = await tempDir();
    const [good, picky] = [await nodeIn(one), await nodeIn(two, 'picky')];
    let deployments = 0;
    const once: Host = {
      run(command, options) {
        if (command[1].join(' ').includes('systemctl restart kni') && ++deployments > 1)
          return Promise.reject(new Error('container is not running'));
        return good.host.run(command, options);
      },
    };
    const cluster = clusterOf({[names[0]]: once, [names[1]]: picky.host});
    await expect(deployOnAll(cluster, version)).rejects.toThrow('container is not running');
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
  /** The nodes have these programs; undefined: none. */
  const read = async (...texts: readonly (string | undefined)[]) => {
    await using one = await tempDir();
    await using two = await tempDir();
    const hosts = new Map<string, Host>();
    for (const [index, dir] of [one, two].entries()) {
      const {host} = await nodeIn(dir);
      const file = dir.join('opt/dev/runtime.mjs');
      const text = texts[index];
      if (text === 'own') await rm(dir.join('drop-ins/50-user-runtime.conf'));
      await (text === undefined ? rm(file) : writeFile(file, text));
      hosts.set(`test1-worker${index}`, host);
    }
    const cluster = {
      nodes: [...hosts.keys()].map((name) => node(name)),
      node: (name: string) => hosts.get(name) ?? hostOf(() => ''),
    };
    return await developedProgram(cluster, versionOf(''), new AbortController().signal);
  };

  it('returns the program of an earlier session, which all nodes have', async () => {
    expect(await read('first', 'first')).toEqual(Buffer.from('first'));
  });

  it.each([
    ['the programs are missing', undefined, undefined],
    ["all nodes run kni-demo's own runtime", 'own', 'own'],
  ])('returns nothing if %s', async (_, ...texts) => {
    expect(await read(...texts)).toBeUndefined();
  });

  it.each([
    ['the programs differ', 'first', 'second'],
    ['the program is missing on the first node', undefined, 'first'],
    ['the program is missing on another node', 'first', undefined],
    ["another node runs kni-demo's own runtime", 'first', 'own'],
    ["the first node runs kni-demo's own runtime", 'own', 'first'],
  ])('refuses nodes if %s: a rollback would start the new version', async (_, ...texts) => {
    await expect(read(...texts)).rejects.toMatchObject({
      errorCode: 'KNI-E407',
      tryThis: "go back to kni-demo's own runtime first: kni-demo runtime use default",
    });
  });
});
