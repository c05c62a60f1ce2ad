import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import type {Host} from '../../../src/host/host.ts';
import type {DemoContext} from '../../../src/stages/context.ts';
import {engineRunning} from '../../../src/stages/host/engine-running.ts';
import {hostTask} from '../../../src/stages/host/host-task.ts';
import {managedEngine} from '../../../src/stages/lib/managed-engine.ts';
import {bridges, nodeLinks} from '../../../src/tools/ip.ts';
import {families, saveRules} from '../../../src/tools/iptables.ts';
import {demoContext, exchange} from '../../rig/demo.ts';
import {fakeHost} from '../../rig/fake-host.ts';
import {
  engineAnswers,
  kindAnswers,
  missing,
  noKind,
  repeated,
  signal,
  survey,
} from '../../rig/surveyed-machine.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const silent = [
  '2> Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
  '[exit code 1]',
];

const dockerd = (version: string): string =>
  repeated(3, exchange(['/usr/bin/dockerd', ['--version']], `Docker version ${version}, build abc`));

const unpackedIn = async ({dirs}: DemoContext): Promise<void> => {
  const program = `${managedEngine(dirs).root}/usr/sbin/dockerd`;
  await mkdir(dirname(program), {recursive: true});
  await writeFile(program, '', {mode: 0o755});
};

describe('a docker that is installed', () => {
  it('is started when it does not run, and nothing is installed', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engineAnswers(...silent) + dockerd('26.1.5') + kindAnswers);
    const found = await survey(dir, host, {programs: ['dockerd', 'docker'], mirrors: async () => undefined});
    expect(missing(found)).toEqual(['- engine    missing: not running']);
    expect(found.error?.tryThis.split('\n').at(-1)).toBe('  systemctl start docker');
  });

  it('is started by us without systemd', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engineAnswers(...silent) + dockerd('26.1.5') + kindAnswers);
    const {error} = await survey(dir, host, {programs: ['dockerd', 'docker'], hasSystemd: async () => false});
    expect(error?.tryThis).toContain('exec /usr/bin/dockerd --pidfile=');
    expect(error?.tryThis).not.toContain('--data-root');
  });

  it('is skipped if it asks for capabilities that are not there', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engineAnswers(...silent) + dockerd('20.10.24+dfsg1') + noKind);
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

  it('is skipped when it cannot print its version', async () => {
    await using dir = await tempDir();
    const broken = repeated(
      3,
      exchange(['/usr/bin/dockerd', ['--version']], '2> no such library', '[exit code 127]'),
    );
    const found = await survey(dir, fakeHost(engineAnswers(...silent) + broken + kindAnswers), {
      programs: ['dockerd'],
    });
    expect(missing(found)).toContain('- docker    missing: not installed');
  });

  it('is refused when it runs but cannot run nodes', async () => {
    await using dir = await tempDir();
    const {error} = await survey(dir, fakeHost(engineAnswers('20.10.24+dfsg1') + kindAnswers), {
      lacksCapabilities: async () => true,
      mayInstall: true,
    });
    expect(error?.why).toBe('docker: engine 20.10.24+dfsg1 cannot run privileged containers on this machine');
  });

  it('may be old when the machine has every capability', async () => {
    await using dir = await tempDir();
    expect(
      (await survey(dir, fakeHost(engineAnswers('20.10.24+dfsg1') + kindAnswers))).error,
    ).toBeUndefined();
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
  ])('%s: kni-demo installs no other engine, even with --yes', async (_, says, advice) => {
    await using dir = await tempDir();
    const found = await survey(dir, fakeHost(engineAnswers(...says) + kindAnswers), {mayInstall: true});
    expect(missing(found)).toHaveLength(1);
    expect(found.error).toMatchObject({tryThis: advice, exitCode: exitCodes.hostLacks});
  });
});

describe('an engine that was unpacked before', () => {
  it('is only started', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engineAnswers(...silent) + kindAnswers);
    const context = await demoContext(dir, host);
    await unpackedIn(context);
    const found = await survey(dir, host, {programs: ['iptables', 'runc', 'mmdebstrap']});
    expect(missing(found)).toEqual(['- engine    missing: not running']);
    expect(found.error?.tryThis).toContain('--data-root=');
  });

  it('is started after the bridge of a dead engine was removed, if no other engine runs', async () => {
    await using dir = await tempDir();
    const dead = JSON.stringify([{ifindex: 2, ifname: 'br-0123456789ab', mtu: 1500}]);
    const network = exchange(nodeLinks, dead) + exchange(bridges, dead);
    const rules = families.map((family) => exchange(saveRules(family), '[not found]')).join('');
    const host = fakeHost(engineAnswers(...silent) + kindAnswers + network + rules);
    await unpackedIn(await demoContext(dir, host));
    const {error} = await survey(dir, host, {programs: ['iptables', 'runc'], engines: async () => []});
    expect(error?.tryThis).toMatch(/ip link delete br-0123456789ab\n.*--data-root=/s);
  });

  it('needs neither mmdebstrap nor a mirror, as after a bundle was loaded', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engineAnswers(...silent) + kindAnswers);
    await unpackedIn(await demoContext(dir, host));
    const given = {programs: ['iptables', 'runc'], mirrors: async () => undefined};
    const found = await survey(dir, host, {...given, mayInstall: true});
    expect(missing(found)).toEqual(['- engine    missing: not running']);
    expect(found.error).toBeUndefined();
  });

  it('is started again after a reboot without --yes, despite a stale pid file', async () => {
    await using dir = await tempDir();
    const host = fakeHost(engineAnswers(...silent) + kindAnswers);
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
    const host = fakeHost(engineAnswers(...silent) + kindAnswers);
    const context = await demoContext(dir, host);
    await unpackedIn(context);
    await mkdir(context.dirs.state, {recursive: true});
    await writeFile(managedEngine(context.dirs).logFile, '');
    const {error} = await survey(dir, host, {programs: ['iptables', 'runc'], isRoot: false});
    expect(error?.what).toBe('root is needed to install or start what is missing');
  });
});
