import {writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {CommandError} from '../../src/host/command-error.ts';
import type {Host} from '../../src/host/host.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, node, printed} from '../rig/demo.ts';
import type {TempDir} from '../rig/temp-dir.ts';

const pair = [node('test1-control-plane'), node('test1-worker')];

/**
 * Nodes that run an earlier version of the project. The first version of this session is deployed, and its log is followed until the
 * signal aborts. Then the file is saved again, and `docker exec` fails. `pod` is printed as the sample pod; the file is saved only
 * without it.
 */
const nodesOf = (dir: TempDir, {pod = '', nodes = pair} = {}) => {
  const following: AbortSignal[] = [];
  const host: Host = {
    async run(command, {signal, onLine} = {}) {
      const line = command.flat().join(' ');
      const print = (stdout: string) => ({stdout, stderr: ''});
      const untilAborted = (): Promise<never> =>
        new Promise((_, reject) => {
          const cancel = () => reject(new CommandError(command, {reason: 'cancelled'}));
          if (signal?.aborted) cancel();
          else signal?.addEventListener('abort', cancel);
        });
      if (line.startsWith('docker ps')) return print(printed(...nodes).join('\n'));
      if (line.includes('head -n 1')) return print(`# ${JSON.stringify({source: dir.path, id: 'dev'})}\n`);
      if (line.includes('base64 <')) return print(Buffer.from('earlier version').toString('base64'));
      if (line.includes('is-system-running')) return print('running\n');
      if (line.includes('systemctl restart kni\nawait_ready')) {
        if (following.length > 0) throw new CommandError(command, {reason: 'exit code 137', exitStatus: 137});
        onLine?.('serving');
      }
      if (line.includes(' get -n default pods ')) return print(pod);
      if (line.includes(' wait --for=condition=Ready ')) return untilAborted();
      if (!line.includes('journalctl')) return print('');
      following.push(signal ?? AbortSignal.abort());
      if (pod === '' && following.length === nodes.length)
        await writeFile(dir.join('runtime.ts'), 'console.log(2);\n');
      return untilAborted();
    },
  };
  return {host, following};
};

const develop = async (dir: TempDir, host: Host, signal = new AbortController().signal) => {
  await writeFile(dir.join('runtime.ts'), 'console.log(1);\n');
  return cli(dir, ['runtime', 'dev', '.', '--name', 'test1', '--yes'], {host, signal});
};

describe('runtime dev', () => {
  it('does not replace the program of another project, which a rollback runs again', async () => {
    await using dir = await dirWithCluster();
    const copied: string[] = [];
    const host = hostOf((line) => {
      if (line.startsWith('docker ps')) return printed(...pair).join('\n');
      if (line.includes('head -n 1')) return `# ${JSON.stringify({source: '/root/other', id: 'dev'})}`;
      if (line.endsWith('kni-runtime --help')) return 'release-sandboxes --force';
      if (line.includes('readlink')) return '644 b:';
      if (line.includes(' get ') && !line.includes('samplepod') && line.endsWith('-o json'))
        return '{"items": []}';
      if (!line.startsWith('docker cp ')) return '';
      copied.push(line.split(':').at(-1) ?? '');
      throw new Error('no more');
    });
    await develop(dir, host);
    expect(copied).toEqual([
      expect.stringMatching(/^\/opt\/kni\/user-runtime\/dev\/runtime-[0-9a-f]{8}\.mjs\.new$/),
    ]);
  });

  it('ends after an error: it follows no log any more, which would keep the process alive', async () => {
    await using dir = await dirWithCluster();
    const workers = Array.from({length: 11}, (_, index) => node(`test1-worker${index}`));
    const {host, following} = nodesOf(dir, {nodes: [node('test1-control-plane'), ...workers]});
    const warnings: Error[] = [];
    process.on('warning', (warning) => warnings.push(warning));
    const ended = await develop(dir, host);
    expect(ended).toMatchObject({
      code: exitCodes.failed,
      stdout: expect.stringContaining('serving '),
      stderr: expect.stringContaining('exit code 137'),
    });
    expect(following.map(({aborted}) => aborted)).toEqual(Array.from({length: 12}, () => true));
    expect(warnings).toEqual([]);
  });

  it('ends with an unexpected error of a proof', async () => {
    await using dir = await dirWithCluster();
    const {host} = nodesOf(dir, {pod: 'no JSON'});
    expect(await develop(dir, host)).toMatchObject({
      code: exitCodes.failed,
      stderr: expect.stringContaining('pod samplepod'),
    });
  });

  /** Ctrl-C, after which the nodes print `runtime` as theirs. */
  const ended = async (dir: TempDir, runtime: () => string) => {
    const {host, following} = nodesOf(dir, {pod: '{}'});
    const ending = new AbortController();
    const {signal} = ending;
    const atEnd: Host = {
      run: async (command, options) => {
        const line = command.flat().join(' ');
        if (signal.aborted && line.includes('head -n 1')) return {stdout: runtime(), stderr: ''};
        const running = host.run(command, options);
        if (following.length === pair.length) ending.abort();
        return running;
      },
    };
    return develop(dir, atEnd, signal);
  };

  it("says that some nodes do not run the project if kni-demo's own runtime has replaced its proved version", async () => {
    await using dir = await dirWithCluster();
    expect(await ended(dir, () => '')).toMatchObject({
      code: exitCodes.ok,
      stdout: expect.stringMatching(/\nSome nodes do not run .*\.\n {2}kni-demo runtime use default\n$/),
    });
  });

  it('ends well with Ctrl-C if a node was stopped, and says that it cannot read the runtimes', async () => {
    await using dir = await dirWithCluster();
    const stopped = (): never => {
      throw new CommandError(['docker', ['exec']], {
        reason: 'exit code 1',
        output: 'container is not running',
        exitStatus: 1,
      });
    };
    expect(await ended(dir, stopped)).toMatchObject({
      code: exitCodes.ok,
      stdout: expect.stringContaining(
        '\nCannot read which network runtime the nodes run: container is not running\n',
      ),
    });
  });

  it.each([
    ['{"source": "/root/other", "id": "dev"}', 'Nothing was changed.\n'],
    ['', 'Some nodes do not run their former network runtime.\n  kni-demo runtime use default\n'],
  ])('says after a session without a version what the nodes run: %j', async (after, text) => {
    await using dir = await dirWithCluster();
    const ending = new AbortController();
    let reads = 0;
    const host = hostOf((line) => {
      if (line.startsWith('docker ps')) return printed(...pair).join('\n');
      if (!line.includes('head -n 1')) return '';
      const first = ending.signal.aborted ? after : '{"source": "/root/other", "id": "dev"}';
      // Read before the session, and at its beginning.
      if (++reads === 2 * pair.length) setTimeout(() => ending.abort(), 300);
      return first === '' ? '' : `# ${first}`;
    });
    await writeFile(dir.join('runtime.ts'), 'const x = ;\n');
    const running = cli(dir, ['runtime', 'dev', '.', '--name', 'test1', '--yes'], {
      host,
      signal: ending.signal,
    });
    expect(await running).toMatchObject({code: exitCodes.ok, stdout: expect.stringContaining(text)});
  });
});
