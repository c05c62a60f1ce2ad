/** Runs the bundled DNS server with an API server and a resolver of the test. */
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdir, writeFile} from 'node:fs/promises';
import {bundleProgram} from '../../../src/stages/lib/bundle-program.ts';
import {end} from '../processes.ts';
import {type ApiServer, startApiServer} from '../runtime/api-server.ts';
import {createAuthority} from '../runtime/certificates.ts';
import {type TempDir, tempDir} from '../temp-dir.ts';
import {until} from '../wait.ts';
import {type Asked, ask, type Reply} from './client.ts';

export interface TestDns extends AsyncDisposable {
  readonly api: ApiServer;
  readonly child: ChildProcess;
  readonly port: number;
  readonly lines: readonly Record<string, unknown>[];
  /** The status code of the path. */
  readonly health: (path: string) => Promise<number>;
  readonly ask: (name: string, type: string, asked?: Asked) => Promise<Reply>;
  /** Asks again until the reply is accepted. */
  readonly askUntil: (name: string, type: string, accepts: (reply: Reply) => boolean) => Promise<Reply>;
  readonly dir: TempDir;
}

export interface TestDnsOptions {
  readonly resolvers?: readonly string[];
  readonly flags?: readonly string[];
  /** Set up the API server before it listens. */
  readonly prepare?: (api: ApiServer) => void;
}

export const token = 'a-token-of-the-service-account';

/** Resolves when the server listens, which does not mean that it is ready. */
export const startDns = async ({
  resolvers = [],
  flags = [],
  prepare,
}: TestDnsOptions = {}): Promise<TestDns> => {
  const dir = await tempDir();
  const api = startApiServer(createAuthority(), token);
  prepare?.(api);
  const apiPort = await api.listen(0);
  const account = dir.join('account');
  await mkdir(account);
  await writeFile(dir.join('account', 'ca.crt'), api.authority.cert);
  await writeFile(dir.join('account', 'token'), `${token}\n`);
  await writeFile(
    dir.join('resolv.conf'),
    [
      'search example.com',
      ...resolvers.map((address) => `nameserver ${address}`),
      'options ndots:1',
      '',
    ].join('\n'),
  );
  const program = dir.join('kni-dns.cjs');
  await bundleProgram('dns', program);
  const args = [
    ...'--listen 127.0.0.1:0 --health 127.0.0.1:0 --stop-delay 0 --log-level debug'.split(' '),
    '--resolv-conf',
    dir.join('resolv.conf'),
    '--service-account',
    account,
    ...flags,
  ];
  const env = {
    ...process.env,
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(apiPort),
  };
  const child = spawn(process.execPath, [program, ...args], {env, stdio: ['ignore', 'pipe', 'inherit']});
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) lines.push(JSON.parse(line) as Record<string, unknown>);
  });
  const listening = await until('the DNS server to listen', () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${JSON.stringify(lines)}`);
    return lines.find(({msg}) => msg === 'listening');
  });
  const port = Number(listening['port']);
  const askIt: TestDns['ask'] = (name, type, asked) => ask(port, name, type, asked);
  return {
    api,
    child,
    port,
    lines,
    dir,
    health: async (path) => (await fetch(`http://127.0.0.1:${String(listening['health'])}${path}`)).status,
    ask: askIt,
    askUntil: (name, type, accepts) =>
      until(`an accepted reply about ${name}`, async () => {
        const reply = await askIt(name, type);
        return accepts(reply) && reply;
      }),
    [Symbol.asyncDispose]: async () => {
      await end(child);
      await api.close();
      await dir[Symbol.asyncDispose]();
    },
  };
};

/** The same, and ready. */
export const startReadyDns = async (options: TestDnsOptions): Promise<TestDns> => {
  const dns = await startDns(options);
  await until('the DNS server to be ready', async () => (await dns.health('/readyz')) === 200);
  return dns;
};
