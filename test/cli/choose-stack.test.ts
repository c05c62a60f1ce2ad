import {createServer, type Server} from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {afterEach, describe, expect, it} from 'vitest';
import {chooseStack, registryOf} from '../../src/cli/choose-stack.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {networkOf} from '../../src/host/network.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {envOf, machine, node, printed} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {capture} from '../rig/terminal.ts';

const {signal} = new AbortController();

interface Given {
  readonly nodes?: readonly ReturnType<typeof node>[];
  readonly git?: string;
  readonly registry?: string | undefined;
}

const chosen = async ({nodes = [], git = 'x\trefs/tags/v1', registry}: Given) => {
  await using dir = await tempDir();
  const asked: string[] = [];
  const host = hostOf((command) => {
    if (command.startsWith('docker ps')) return printed(...nodes).join('\n');
    if (command.startsWith('git ls-remote')) return git;
    throw new Error(command);
  });
  const network = {
    async whyUnreachable(url: string) {
      asked.push(url);
      return registry;
    },
  };
  const [stdout, stderr] = [capture(), capture()];
  const world = {host, machine: machine(), network, stdout, stderr, env: envOf(dir), signal};
  return {asked, ...(await chooseStack({...world, confirm: async () => false}, 'test1'))};
};

describe('the stack, where none is named', () => {
  it('is upstream if the git host and the registry answer', async () => {
    expect(await chosen({})).toEqual({
      stack: 'upstream',
      why: 'github.com and registry-1.docker.io answer',
      asked: ['https://registry-1.docker.io/v2/'],
    });
  });

  it.each([
    [
      'the git host does not answer',
      {git: '2> fatal: unable to access: Could not resolve host: github.com\n[exit code 128]'},
      'github.com does not answer (fatal: unable to access: Could not resolve host: github.com)',
    ],
    ['git is missing', {git: '[not found]'}, 'git is not installed'],
    [
      'the registry does not answer',
      {registry: 'connect ECONNREFUSED'},
      'registry-1.docker.io does not answer (connect ECONNREFUSED)',
    ],
  ])('is bookworm, with the reason, if %s', async (_, given, why) => {
    expect(await chosen(given)).toMatchObject({
      stack: 'bookworm',
      why: `${why}; to use current releases anyway: --stack upstream`,
    });
  });

  it.each(['upstream', 'bookworm'])('is that of the cluster, %s, whichever hosts answer', async (stack) => {
    const nodes = [node('test1-control-plane', {stack}), node('test1-worker', {stack})];
    const git = '[exit code 128]';
    expect(await chosen({nodes, ...(stack === 'upstream' && {git})})).toEqual({
      stack,
      why: 'cluster test1 was made from it',
      asked: [],
    });
  });

  it('is named in the first line, and is not asked for when the user names one', async () => {
    await using dir = await tempDir();
    const host = () =>
      hostOf((command) => (command.startsWith('docker ps') ? '' : '2> connection refused\n[exit code 1]'));
    const [unnamed, named] = [host(), host()];
    const without = await cli(dir, ['up'], {host: unnamed});
    expect(without.stdout.split('\n')[0]).toMatch(
      /^stack bookworm: github\.com does not answer \(connection refused\); /,
    );
    const {code, stdout} = await cli(dir, ['up', '--stack', 'upstream'], {host: named});
    expect(code).toBe(exitCodes.hostLacks);
    expect(stdout).toMatch(/^\+ system .*; stack upstream$/m);
    expect(named.ran.join('\n')).not.toContain('ls-remote');
  });
});

describe('the registry of an image', () => {
  it.each([
    ['kindest/node:v1', 'registry-1.docker.io'],
    ['debian', 'registry-1.docker.io'],
    ['localhost/node:v1', 'localhost'],
    ['registry.example/a/b:v1', 'registry.example'],
    ['127.0.0.1:5000/node:v1@sha256:0', '127.0.0.1:5000'],
  ])('of %s is %s', (image, registry) => expect(registryOf(image)).toBe(registry));
});

describe('whether a server answers', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const serve = async (status: number): Promise<{port: number; seen: string[]}> => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.writeHead(status).end('x'.repeat(100_000));
    });
    // As a proxy it answers for every host.
    server.on('connect', (request, socket, head) => {
      seen.push(`CONNECT ${request.url}`);
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      const through = connect((server.address() as AddressInfo).port, '127.0.0.1');
      through.write(head);
      socket.pipe(through).pipe(socket);
    });
    servers.push(server);
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    return {port: (server.address() as AddressInfo).port, seen};
  };

  it.each([
    [200, undefined],
    [401, undefined],
    [403, 'status 403'],
    [503, 'status 503'],
  ])('is told by status %d', async (status, silence) => {
    const {port} = await serve(status);
    expect(await networkOf({}).whyUnreachable(`http://127.0.0.1:${port}/v2/`, signal)).toBe(silence);
  });

  it('is "no" with the reason if no server listens', async () => {
    const {port} = await serve(200);
    for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
    expect(await networkOf({}).whyUnreachable(`http://127.0.0.1:${port}/v2/`, signal)).toMatch(
      /ECONNREFUSED/,
    );
  });

  it('is asked through the proxy of the environment, but for hosts that need none', async () => {
    const proxy = await serve(401);
    const proxied = networkOf({http_proxy: `http://127.0.0.1:${proxy.port}`, no_proxy: 'direct.invalid'});
    expect(await proxied.whyUnreachable('http://registry.invalid/v2/', signal)).toBeUndefined();
    expect(proxy.seen).toEqual(['CONNECT registry.invalid:80', 'GET /v2/']);
    expect(await proxied.whyUnreachable('http://direct.invalid/v2/', signal)).toMatch(/ENOTFOUND|EAI_AGAIN/);
    expect(proxy.seen).toHaveLength(2);
  });

  it('ends when it is cancelled', async () => {
    const {port} = await serve(200);
    const cancelled = AbortSignal.abort(new Error('cancelled'));
    await expect(networkOf({}).whyUnreachable(`http://127.0.0.1:${port}/`, cancelled)).rejects.toThrow(
      'cancelled',
    );
  });
});
