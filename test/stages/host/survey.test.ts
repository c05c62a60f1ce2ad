import {access, mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {describe, expect, it} from 'vitest';
import {UserError} from '../../../src/errors.ts';
import {exitCodes} from '../../../src/exit-codes.ts';
import {planTasks} from '../../../src/graph/plan.ts';
import {runTasks} from '../../../src/graph/run.ts';
import type {Host} from '../../../src/host/host.ts';
import type {Machine} from '../../../src/host/machine.ts';
import type {DemoContext} from '../../../src/stages/context.ts';
import {engineRunning} from '../../../src/stages/host/engine-running.ts';
import {hostTask} from '../../../src/stages/host/host-task.ts';
import {requirementIds, requirements} from '../../../src/stages/host/requirements.ts';
import {requireAll, surveyHost, surveyLines} from '../../../src/stages/host/survey.ts';
import {managedEngine} from '../../../src/stages/lib/managed-engine.ts';
import {serverVersion} from '../../../src/tools/docker.ts';
import {demoContext, exchange, gibibyte, machine, rejection} from '../../rig/demo.ts';
import {type FakeHost, fakeHost} from '../../rig/fake-host.ts';
import {type TempDir, tempDir} from '../../rig/temp-dir.ts';

const {signal} = new AbortController();
const silent = [
  '2> Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
  '[exit code 1]',
];
const times = (count: number, text: string): string => text.repeat(count);
/** Packages, the engine and whether it runs: each asks. */
const engine = (...says: readonly string[]): string => times(3, exchange(serverVersion, ...says));
const kind = exchange(['kind', ['version']], 'kind v0.27.0 go1.24 linux/amd64');
const noKind = exchange(['kind', ['version']], '[not found]');
const dockerd = (version: string): string =>
  times(3, exchange(['/usr/bin/dockerd', ['--version']], `Docker version ${version}, build abc`));

interface Surveyed {
  readonly lines: readonly string[];
  readonly error: UserError | undefined;
  readonly context: DemoContext;
}

const survey = async (
  dir: TempDir,
  host: FakeHost,
  {
    mayInstall = false,
    workers = 1,
    ...rest
  }: Parameters<typeof machine>[0] & {mayInstall?: boolean; workers?: number} = {},
): Promise<Surveyed> => {
  const context = await demoContext(dir, host, {
    machine: machine(rest),
    mayInstall,
    cluster: {name: 'test1', workers},
  });
  const found = await surveyHost(context, signal);
  host.verify();
  try {
    requireAll(found, context);
    return {lines: surveyLines(found), error: undefined, context};
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {lines: surveyLines(found), error, context};
  }
};
const missing = ({lines}: Surveyed): readonly string[] => lines.filter((line) => line.startsWith('-'));

describe('a machine that has all', () => {
  it('is only looked at, and nothing is written', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engine('26.1.5+dfsg1') + kind);
    const {lines, error} = await survey(dir, host);
    expect(error).toBeUndefined();
    expect(lines).toEqual([
      `+ system    Linux amd64, Node.js ${process.version}, cgroup v2; stack bookworm`,
      `+ room      100 GB free for ${dir.join('cache/kni-demo')}, 16 GB memory, 4 cores`,
      '+ inotify   8192 instances per user',
      '+ packages  none needed: docker is running',
      '+ docker    engine 26.1.5+dfsg1',
      '+ engine    running',
      '+ kind      0.27.0',
    ]);
    await expect(access(dir.join('cache'))).rejects.toThrow('ENOENT');
    await expect(access(dir.join('state'))).rejects.toThrow('ENOENT');
  });

  it('may have few inotify instances, which is only noted', async () => {
    await using dir = await tempDir();
    const {lines, error} = await survey(dir, fakeHost(engine('26.1') + kind), {
      inotifyInstances: async () => 128,
      workers: 2,
    });
    expect(error).toBeUndefined();
    expect(lines[2]).toBe(
      '! inotify   128 instances per user may be too few for 3 nodes: sysctl -w fs.inotify.max_user_instances=512',
    );
  });
});

describe('a machine that lacks something', () => {
  it('gets all of it at once, with the exact commands', async () => {
    await using dir = await tempDir();
    const found = await survey(dir, fakeHost(engine('[not found]') + noKind));
    const {error, context} = found;
    expect(missing(found)).toEqual([
      '- packages  missing: iptables, runc, mmdebstrap',
      '- docker    missing: not installed',
      '- engine    missing: not running',
      '- kind      missing: not installed',
    ]);
    expect(error).toMatchObject({
      exitCode: exitCodes.hostLacks,
      what: 'this machine does not meet the requirements of the demo',
      why: 'packages: iptables, runc, mmdebstrap\ndocker: not installed\nengine: not running\nkind: not installed',
    });
    const lines = error?.tryThis.split('\n') ?? [];
    expect(lines[0]).toBe('let `kni-demo up --yes` run these commands, or run them yourself:');
    expect(lines).toContain('  apt-get -qq update');
    expect(lines).toContain(
      '  env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends iptables runc mmdebstrap',
    );
    expect(
      lines
        .filter((line) => line.includes('apt-get -qq download'))
        .map((line) => line.replace(/^.*download /, '')),
    ).toEqual(['docker.io docker-cli containerd', 'kind']);
    expect(lines).toContain(
      `  ln -sf ${managedEngine(context.dirs).root}/usr/bin/docker /usr/local/bin/docker`,
    );
    expect(lines.filter((line) => line.includes('setsid --fork'))).toHaveLength(1);
  });

  it('says that root is needed, before anything is run', async ({onTestFinished}) => {
    const {argv} = process;
    process.argv = ['node', '/its/bin/kni-demo.js', 'bundle', 'save', 'demo.tar', '--yes'];
    onTestFinished(() => {
      process.argv = argv;
    });
    await using dir = await tempDir();
    const asked = await survey(dir, fakeHost(engine('[not found]') + noKind), {isRoot: false});
    expect(asked.error?.tryThis).toMatch(/^let `kni-demo up --yes` as root run these/);
    const told = await survey(dir, fakeHost(engine('[not found]') + noKind), {
      isRoot: false,
      mayInstall: true,
    });
    expect(told.error).toMatchObject({
      what: 'root is needed to install or start what is missing',
      tryThis: `run it as root: sudo ${process.execPath} /its/bin/kni-demo.js bundle save demo.tar --yes`,
      exitCode: exitCodes.hostLacks,
    });
  });

  it('needs no root for kind alone', async () => {
    await using dir = await tempDir();
    const {error} = await survey(dir, fakeHost(engine('26.1') + noKind), {isRoot: false, mayInstall: true});
    expect(error).toBeUndefined();
  });

  it.each([
    ['kind v0.26.0 go1.23.4 linux/amd64', '0.26.0 is too old for Kubernetes v1.20.2, which needs 0.27.0'],
    ['kind v0.9.9 go1.23.4 linux/amd64', '0.9.9 is too old for Kubernetes v1.20.2, which needs 0.27.0'],
    ['kind v0.27.0 go1.23.4 linux/amd64', undefined],
    ['kind v0.28.0-alpha+1a2b go1.24 linux/amd64', undefined],
    ['kind v1.0.0 go1.24 linux/amd64', undefined],
    ['kind (devel)', undefined],
  ])('is told whether its kind is recent enough: %s', async (version, why) => {
    await using dir = await tempDir();
    const found = await survey(dir, fakeHost(`${engine('26.1')}${exchange(['kind', ['version']], version)}`));
    expect(missing(found)).toEqual(why === undefined ? [] : [`- kind      missing: ${why}`]);
  });

  it('lets --yes go on', async () => {
    await using dir = await tempDir();
    expect(
      (await survey(dir, fakeHost(engine('[not found]') + noKind), {mayInstall: true})).error,
    ).toBeUndefined();
  });

  it('keeps --yes from going on if something is not for us to do', async () => {
    await using dir = await tempDir();
    const {error} = await survey(dir, fakeHost(engine('26.1') + noKind), {
      mayInstall: true,
      roomAt: async () => ({disk: 3 * gibibyte, memory: 16 * gibibyte, cores: 4}),
    });
    expect(error?.why.split('\n')[0]).toBe(
      `room: 3 GB free for ${dir.join('cache/kni-demo')}, 16 GB memory, 4 cores`,
    );
    expect(error?.tryThis.split('\n')[0]).toBe('free 15 GB there, or set XDG_CACHE_HOME to a larger disk');
  });

  it('is satisfied with less disk once it was built', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('cache/kni-demo/go-build'), {recursive: true});
    const roomAt = async () => ({disk: 5 * gibibyte, memory: 16 * gibibyte, cores: 4});
    expect((await survey(dir, fakeHost(engine('26.1') + kind), {roomAt})).error).toBeUndefined();
  });

  it.each<[string, Partial<Machine>, string]>([
    [
      'memory',
      {roomAt: async () => ({disk: 99 * gibibyte, memory: 2 * gibibyte, cores: 1})},
      'the build and the nodes need 4 GB of memory',
    ],
    [
      'a directory that is writable',
      {whyNotWritable: async () => 'EROFS: read-only file system'},
      'set XDG_CACHE_HOME and XDG_STATE_HOME to directories of your own',
    ],
    ['cgroups', {cgroupMode: async () => 'none'}, 'mount cgroup v2 at /sys/fs/cgroup'],
  ])('lacks %s', async (_, rest, advice) => {
    await using dir = await tempDir();
    expect((await survey(dir, fakeHost(engine('26.1') + kind), rest)).error?.tryThis).toBe(advice);
  });

  it('names the state directory that is not writable, among the rest', async () => {
    await using dir = await tempDir();
    const {error, context} = await survey(dir, fakeHost(engine('26.1') + noKind), {
      whyNotWritable: async (path) => (path.includes('state') ? "ENOENT: mkdir '/proc/nope'" : undefined),
    });
    expect(error).toMatchObject({
      why: `room: ${context.dirs.state} is not writable: ENOENT: mkdir '/proc/nope'\nkind: not installed`,
      exitCode: exitCodes.hostLacks,
    });
  });

  it('gives a system without apt advice, once', async () => {
    await using dir = await tempDir();
    const {error} = await survey(dir, fakeHost(engine('[not found]') + noKind), {
      mirrors: async () => undefined,
    });
    expect(error?.tryThis.split('\n')).toEqual([
      'install docker with your system, for example: dnf install moby-engine && systemctl enable --now docker',
      'install kind 0.27.0 or later, as root: curl -fLo /usr/local/bin/kind https://kind.sigs.k8s.io/dl/v0.27.0/kind-linux-amd64 && chmod +x /usr/local/bin/kind',
    ]);
  });
});

describe('a docker that is installed', () => {
  it('is started if it does not run, with nothing else', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engine(...silent) + dockerd('26.1.5') + kind);
    const found = await survey(dir, host, {programs: ['dockerd', 'docker'], mirrors: async () => undefined});
    expect(missing(found)).toEqual(['- engine    missing: not running']);
    expect(found.error?.tryThis.split('\n').at(-1)).toBe('  systemctl start docker');
  });

  it('is started by us without systemd', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engine(...silent) + dockerd('26.1.5') + kind);
    const {error} = await survey(dir, host, {programs: ['dockerd', 'docker'], hasSystemd: async () => false});
    expect(error?.tryThis).toContain('exec /usr/bin/dockerd --pidfile=');
    expect(error?.tryThis).not.toContain('--data-root');
  });

  it('is skipped if it asks for capabilities that are not there', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engine(...silent) + dockerd('20.10.24+dfsg1') + noKind);
    const found = await survey(dir, host, {
      programs: ['dockerd', 'docker', 'iptables', 'runc', 'mmdebstrap'],
      lacksCapabilities: async () => true,
    });
    expect(missing(found)).toEqual([
      '- docker    missing: /usr/bin/docker is a docker client; no usable docker engine is installed',
      '- engine    missing: not running',
      '- kind      missing: not installed',
    ]);
    // The user's own docker command stays.
    expect(found.error?.tryThis).not.toContain('ln -s');
  });

  it('is skipped if it does not even start', async () => {
    await using dir = await tempDir();
    const broken = times(
      3,
      exchange(['/usr/bin/dockerd', ['--version']], '2> no such library', '[exit code 127]'),
    );
    const found = await survey(dir, fakeHost(engine(...silent) + broken + kind), {programs: ['dockerd']});
    expect(missing(found)).toContain('- docker    missing: not installed');
  });

  it('is refused if it runs and cannot run nodes', async () => {
    await using dir = await tempDir();
    const {error} = await survey(dir, fakeHost(engine('20.10.24+dfsg1') + kind), {
      lacksCapabilities: async () => true,
      mayInstall: true,
    });
    expect(error?.why).toBe('docker: engine 20.10.24+dfsg1 cannot run privileged containers on this machine');
  });

  it('may be old if every capability is there', async () => {
    await using dir = await tempDir();
    expect((await survey(dir, fakeHost(engine('20.10.24+dfsg1') + kind))).error).toBeUndefined();
  });

  it.each([
    [
      'is out of reach for this user',
      [
        '2> permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
        '[exit code 1]',
      ],
      'run it as root, or join the group docker and log in again: sudo usermod -aG docker "$USER"',
    ],
    [
      'is looked for elsewhere',
      [
        '2> Cannot connect to the Docker daemon at tcp://10.0.0.1:2375. Is the docker daemon running?',
        '[exit code 1]',
      ],
      'start the engine that docker is set to, or unset DOCKER_HOST: env -u DOCKER_HOST kni-demo up',
    ],
    ['does not answer', ['[timed out after 10 s]'], 'restart the docker engine'],
  ])('%s: then no other is brought, also with --yes', async (_, says, advice) => {
    await using dir = await tempDir();
    const found = await survey(dir, fakeHost(engine(...says) + kind), {mayInstall: true});
    expect(missing(found)).toHaveLength(1);
    expect(found.error).toMatchObject({tryThis: advice, exitCode: exitCodes.hostLacks});
  });
});

const unpackedIn = async ({dirs}: DemoContext): Promise<void> => {
  const program = `${managedEngine(dirs).root}/usr/sbin/dockerd`;
  await mkdir(dirname(program), {recursive: true});
  await writeFile(program, '', {mode: 0o755});
};

describe('an engine that was unpacked before', () => {
  it('is only started', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engine(...silent) + kind);
    const context = await demoContext(dir, host);
    await unpackedIn(context);
    const found = await survey(dir, host, {programs: ['iptables', 'runc', 'mmdebstrap']});
    expect(missing(found)).toEqual(['- engine    missing: not running']);
    expect(found.error?.tryThis).toContain('--data-root=');
  });

  it('is enough without mmdebstrap and without a mirror, as from a bundle', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engine(...silent) + kind);
    await unpackedIn(await demoContext(dir, host));
    const given = {programs: ['iptables', 'runc'], mirrors: async () => undefined};
    const found = await survey(dir, host, {...given, mayInstall: true});
    expect(missing(found)).toEqual(['- engine    missing: not running']);
    expect(found.error).toBeUndefined();
  });

  it('is started again after a reboot without --yes, past the pid of before', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engine(...silent) + kind);
    const before = await demoContext(dir, host);
    await unpackedIn(before);
    const {logFile, pidFile} = managedEngine(before.dirs);
    await mkdir(dirname(logFile), {recursive: true});
    await writeFile(logFile, 'started before');
    await writeFile(pidFile, `${process.pid}`);
    const found = await survey(dir, host, {programs: ['iptables', 'runc']});
    expect(found.error).toBeUndefined();
    expect(found.lines).toContain('! engine    stopped; `kni-demo up` starts it again');

    const ran: string[] = [];
    let answers = 0;
    const starting: Host = {
      run: async ([file, args], options) => {
        if (file !== 'docker') {
          ran.push([file, ...args].join(' '));
          return {stdout: '', stderr: ''};
        }
        answers += 1;
        return fakeHost(exchange(['x', []], ...(answers < 3 ? silent : ['26.1']))).run(['x', []], options);
      },
    };
    const task = hostTask(engineRunning);
    const running = {fingerprint: '', fingerprintOf: () => '', signal, log: () => undefined};
    await task.run({...found.context, host: starting}, running);
    expect(ran.slice(0, 4).map((line) => line.split(' ')[0])).toEqual([
      'ip',
      'iptables-save',
      'ip6tables-save',
      'sh',
    ]);
    expect(ran.slice(4).map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      `mkdir -p ${before.dirs.state}`,
      `rm -f ${pidFile}`,
      'setsid --fork sh',
    ]);
  });

  it('needs root to be started again', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engine(...silent) + kind);
    const context = await demoContext(dir, host);
    await unpackedIn(context);
    await mkdir(context.dirs.state, {recursive: true});
    await writeFile(managedEngine(context.dirs).logFile, '');
    const {error} = await survey(dir, host, {programs: ['iptables', 'runc'], isRoot: false});
    expect(error?.what).toBe('root is needed to install or start what is missing');
  });
});

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

  it('run nothing if nothing is missing', async () => {
    await using dir = await tempDir();
    const {host, ran} = looking({'docker version': '26.1', 'kind version': 'kind v0.27.0'});
    expect(await run(await demoContext(dir, host, {mayInstall: true}))).toEqual({ok: true, ran: []});
    expect(ran).toEqual([]);
  });

  it('never run a command unless they may', async () => {
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

  it('run what is missing, in order, when they may', async () => {
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

  it('say why a download failed', async () => {
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

  it('end while the engine is waited for, when cancelled', async () => {
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
