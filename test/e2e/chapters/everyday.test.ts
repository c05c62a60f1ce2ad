/** The everyday commands on a real cluster, in a pseudo-terminal of 80 columns and through pipes. */

import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {stripVTControlCharacters} from 'node:util';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {quoteCommand} from '../../../src/host/quote.ts';
import {project} from '../../../src/project.ts';
import {cluster, named, onNode, run, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo, start} from '../../rig/cluster/kni-demo.ts';
import {sample} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

useCluster();

const bin = join(project.root, 'bin/kni-demo.js');

/** Runs the program in a pseudo-terminal of 80 columns; `script` returns its exit code. */
const inTerminal = (...args: readonly string[]): Promise<readonly string[]> => inTerminalOf(80, ...args);

const inTerminalOf = async (columns: number, ...args: readonly string[]): Promise<readonly string[]> => {
  const line = `stty cols ${columns} rows 40; ${quoteCommand([process.execPath, [bin, ...args]])}`;
  const printed = await run('script', '-qec', line, '/dev/null');
  return stripVTControlCharacters(printed).split(/\r?\n/);
};

describe('status', () => {
  it('fits into 80 columns, and says that everything is ready', async () => {
    const lines = await inTerminal('status', ...named);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.join('\n')).toMatch(new RegExp(`^${worker} +Ready +ready `, 'm'));
    expect(lines.join('\n')).toMatch(new RegExp(`^default/${sample} +worker +10\\.244\\.`, 'm'));
  });

  it('prints JSON into a pipe', async () => {
    const {exitCode, stdout} = await kniDemo('status', '--json', ...named);
    expect(exitCode).toBe(exitCodes.ok);
    expect(JSON.parse(stdout).clusters).toMatchObject([{name: cluster, isComplete: true}]);
  });
});

describe('what commands print', () => {
  /** Numbers and their units: ages, free space and counts change between two runs. */
  const wordsOf = (text: string): readonly string[] =>
    text
      .replaceAll(/(\d+(\.\d+)?( ?[kMGT]?B|ms|[smhd])?)+\b/g, '0')
      .split(/\s+/)
      .filter(Boolean);

  /** Pods come and go: compares only with a pipe that printed the same before and after. Returns what the pipe has. */
  const expectSameWords = async (widths: readonly number[], args: readonly string[]): Promise<string> => {
    let {stdout: before} = await kniDemo(...args);
    for (let attempt = 1; ; attempt += 1) {
      const shown = [];
      for (const columns of widths) shown.push((await inTerminalOf(columns, ...args)).join('\n'));
      const {stdout: after} = await kniDemo(...args);
      const isStable = wordsOf(before).join(' ') === wordsOf(after).join(' ');
      before = after;
      if (!isStable && attempt < 5) continue;
      for (const text of shown) expect(wordsOf(text)).toEqual(wordsOf(after));
      return after;
    }
  };

  it.each([[['status', ...named]], [['pod', 'list', ...named]]])(
    'fits into terminals of 48 to 300 columns, and is whole in a pipe: %j',
    async (args) => {
      for (const columns of [48, 80, 300]) {
        const lines = await inTerminalOf(columns, ...args);
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      }
      const piped = await expectSameWords([300], args);
      expect(piped).toBe(stripVTControlCharacters(piped));
      expect(piped).not.toContain('…');
    },
  );

  it.each([[['logs', '--pod', sample, '--rpc', 'AttachInterface', ...named]], [['networks', ...named]]])(
    'has the same words in terminals of 40 to 300 columns and in a pipe: %j',
    async (args) => {
      const piped = await expectSameWords([40, 80, 300], args);
      expect(piped.trim()).not.toBe('');
      expect(piped).toBe(stripVTControlCharacters(piped));
    },
  );
});

describe('pods', () => {
  it('are created in numbers and from a file, listed and deleted', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kni-e2e-'));
    try {
      const file = join(directory, 'pod.yaml');
      await writeFile(
        file,
        (await readFile(join(project.manifests, 'pods/samplepod.yaml'), 'utf8')).replaceAll(
          'samplepod',
          'from-file',
        ),
      );
      expect(await kniDemo('pod', 'create', '-f', file, ...named)).toMatchObject({exitCode: exitCodes.ok});
    } finally {
      await rm(directory, {recursive: true});
    }
    // The log still has the pods of earlier runs.
    const many = `many-${Date.now()}`;
    expect((await kniDemo('pod', 'create', many, '--replicas', '2', ...named)).stdout).toContain(
      'KNI gave 2 pods their networks',
    );
    const names = ['from-file', `${many}-1`, `${many}-2`];
    const listed = (await inTerminal('pod', 'list', ...named)).join('\n');
    for (const name of names) expect(listed).toContain(`default/${name}`);
    const {exitCode, stdout} = await kniDemo('pod', 'delete', ...names, ...named);
    expect(exitCode).toBe(exitCodes.ok);
    for (const name of names) expect(stdout).toContain(`pod ${name} is deleted.`);
    const {stdout: folded} = await kniDemo(
      'logs',
      '--pod',
      `${many}-1`,
      '--rpc',
      'DetachInterface',
      ...named,
    );
    expect(folded.trim().split('\n')).toHaveLength(1);
  });
});

describe('systemctl status kni', () => {
  it('fits on a screen of 80 columns and 26 rows', async () => {
    const line = `stty cols 80 rows 26; docker exec -it ${worker} systemctl status kni`;
    const status = async (): Promise<readonly string[]> =>
      stripVTControlCharacters(await run('script', '-qec', line, '/dev/null'))
        .trimEnd()
        .split(/\r?\n/);
    // A busy runtime has more shells that start plugins.
    await until('it has at most 26 lines', async () => (await status()).length <= 26);
    const lines = await status();
    expect(lines.join('\n')).toContain('active (running)');
    expect(Math.max(...lines.map((each) => each.length))).toBeLessThanOrEqual(80);
  });
});

describe('logs', () => {
  it.each([
    ['interrupt', exitCodes.ok],
    ['kill', null],
  ] as const)('follow a pod, and leave no program on the node: %s', async (end, code) => {
    const following = start('logs', '-f', '--pod', sample, ...named);
    await following.printed('ipconfigs received for id: ');
    const programs = () =>
      onNode(worker, 'sh', '-c', 'ps -eo args | grep -c "[j]ournalctl --unit=kni.* --follow" || true');
    await until('it follows', async () => Number(await programs()) > 0);
    following[end]();
    expect((await following.ended).exitCode).toBe(code);
    await until('nothing is left on the node', async () => Number(await programs()) === 0);
  });

  it('are text in the journal, with the line of the original demo as it was', async () => {
    expect(await kniDemo('pod', 'create', 'seen', ...named)).toMatchObject({exitCode: exitCodes.ok});
    const lines = (await onNode(worker, 'journalctl', '-u', 'kni', '-o', 'cat')).split('\n');
    const own = lines.filter((line) => line.includes(' pod=default/seen '));
    expect(own).toContainEqual(expect.stringMatching(/^AttachInterface ok pod=default\/seen ms=[\d.]+ rpc=/));
    const known =
      /^ipconfigs received for id: [0-9a-f]{64} ip: map\[eth0:ip:"10\.244\.[\d.]+" mac:"[0-9a-f:]{17}"\] pod=default\/seen /;
    expect(own).toContainEqual(expect.stringMatching(known));
    const {stdout} = await kniDemo('logs', '--json', '--pod', 'seen', '--rpc', 'AttachInterface', ...named);
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
      node: worker,
      level: 'info',
      msg: 'AttachInterface ok',
      pod: 'default/seen',
      ms: expect.any(Number) as number,
    });
  });

  it('refuse an unknown pod', async () => {
    const {exitCode, stderr} = await kniDemo('logs', '--pod', 'no-such-pod', ...named);
    expect(exitCode).toBe(exitCodes.badInput);
    expect(stderr).toContain('pod default/no-such-pod does not exist');
  });

  it('are packed into one archive', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kni-e2e-'));
    try {
      const file = join(directory, 'logs.tar.gz');
      expect(await kniDemo('logs', 'bundle', file, ...named)).toMatchObject({exitCode: exitCodes.ok});
      const packed = (await run('tar', '-tzf', file)).split('\n');
      const root = `kni-demo-logs-${cluster}`;
      for (const name of [
        'kni.log',
        'kubelet.log',
        'containerd.log',
        'records.json',
        'iptables.txt',
        'versions.txt',
      ])
        expect(packed).toContain(`${root}/nodes/${worker}/${name}`);
      expect(packed).toContain(`${root}/nodes/${cluster}-control-plane/events.txt`);
    } finally {
      await rm(directory, {recursive: true});
    }
  });
});

describe('kubectl', () => {
  it('gets a terminal, and returns the exit code of the command in the pod', async () => {
    const script = 'tty; exit 0';
    const lines = await inTerminal('kubectl', ...named, 'exec', '-it', sample, '--', 'ash', '-c', script);
    expect(lines.join('\n')).toContain('/dev/pts/');
    const ended = await kniDemo('kubectl', ...named, 'exec', sample, '--', 'ash', '-c', 'exit 5');
    expect(ended.exitCode).toBe(5);
  });
});

describe('doctor', () => {
  it('finds the cluster healthy', async () => {
    // Its exit code is also about the machine and other clusters.
    const {stdout} = await kniDemo('doctor', '--json');
    const check = {name: `cluster ${cluster}`, kind: 'ok'};
    expect(JSON.parse(stdout).checks).toContainEqual(expect.objectContaining(check));
  });
});
