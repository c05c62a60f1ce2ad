import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, mkdir, readFile, stat, writeFile} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {request} from '../rig/dashboard/request.ts';
import {type RealCli, realCli} from '../rig/real-cli.ts';
import {until} from '../rig/wait.ts';

const start = {type: 'start', version: 1, time: '2026-11-28T12:00:00.000Z', cluster: 'test1'};
const back = {type: 'back', time: '2026-11-28T12:01:30.000Z'};
const recording = `${JSON.stringify(start)}\n${JSON.stringify(back)}\n`;

let real: RealCli;
let file: string;
beforeAll(async () => {
  real = await realCli();
  file = real.dir.join('run.ndjson');
  await writeFile(file, recording);
}, 120_000);
afterAll(() => real[Symbol.asyncDispose]());

/** Starts the program, and calls `work` with the first URL that it prints. Then it gets SIGINT. */
const serving = async (args: readonly string[], work: (url: string) => Promise<void>) => {
  const child = spawn(process.execPath, [real.dir.join('bin/kni-demo.js'), ...args], {
    env: {...process.env, XDG_STATE_HOME: real.dir.join('state')},
  });
  const exited = once(child, 'exit');
  const printed = {stdout: '', stderr: ''};
  child.stdout.on('data', (chunk) => (printed.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (printed.stderr += String(chunk)));
  try {
    const url = await until('the URL', () => /http:\/\/[^\s"]+/.exec(printed.stdout)?.[0]);
    await work(url);
  } finally {
    child.kill('SIGINT');
  }
  const [code] = await exited;
  return {code, ...printed};
};

describe('dashboard replay', () => {
  it('serves the page and the recording without a cluster, until Ctrl-C', async () => {
    const {code, stdout, stderr} = await serving(
      ['dashboard', 'replay', file, '--speed', '2'],
      async (url) => {
        expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}\/$/);
        const page = await request(url);
        expect(page.body).toContain('id="kni-mode">{"mode":"replay","speed":2}</script>');
        for (const name of ['page.js', 'page.css']) expect((await request(url + name)).status).toBe(200);
        expect((await request(`${url}recording`)).body).toBe(recording);
      },
    );
    expect({code, stderr}).toEqual({code: 0, stderr: '2 messages, 90 s, from 2026-11-28T12:00:00.000Z\n'});
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^Recording of cluster test1: http:/),
      'Open this URL in a browser. Ctrl-C ends it.',
      '',
    ]);
  });

  it('takes the flags of dashboard also before its name', async () => {
    let port = '';
    await serving(['dashboard', 'replay', file], async (url) => {
      ({port} = new URL(url));
    });
    const {stdout, code} = await serving(
      ['dashboard', '--port', port, 'replay', file, '--json'],
      async () => undefined,
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({type: 'listening', port: Number(port)});
  });

  it('names the port that is taken', async () => {
    await serving(['dashboard', 'replay', file], async (url) => {
      const {port} = new URL(url);
      const {code, stderr} = await real.shell(real.line('dashboard', 'replay', file, '--port', port));
      expect(code).toBe(exitCodes.badInput);
      expect(stderr).toContain(`error: cannot listen on 127.0.0.1:${port}: another program listens there\n`);
    });
  });

  it('leaves out an incomplete last line, with a warning', async () => {
    const cut = real.dir.join('cut.ndjson');
    await writeFile(cut, `${recording}{"type":"eve`);
    const {stderr} = await serving(['dashboard', 'replay', cut], async (url) => {
      expect((await request(`${url}recording`)).body).toBe(recording);
    });
    expect(stderr).toContain('! the last line is incomplete and is left out: the recorder was killed\n');
  });

  it.each([
    [
      ['dashboard', 'replay', 'package.json'],
      /cannot replay package\.json: it is not a recording of a dashboard/,
    ],
    [
      ['dashboard', 'replay', 'run.ndjson', '--speed', '0'],
      /invalid speed: "0": it must be a number from 0\.1 to 100/,
    ],
    [['dashboard', 'replay', 'run.ndjson', '--port', '70000'], /invalid port: "70000"/],
    [
      ['dashboard', 'export', 'run.ndjson', 'package.json'],
      /cannot write package\.json: the file exists already/,
    ],
    [
      ['dashboard', 'export', 'run.ndjson', 'no/page.html'],
      /cannot write no\/page\.html: its directory does not exist/,
    ],
    [['dashboard'], /cannot look for cluster test1: docker does not answer/],
  ])('refuses %j', async (args, message) => {
    const {code, stdout, stderr} = await real.shell(real.line(...args));
    expect({stdout, stderr}).toEqual({stdout: '', stderr: expect.stringMatching(message)});
    expect(code).toBeGreaterThan(1);
  });

  it('opens a browser with a file that hides the URL from other users, and only in a terminal of a desktop', async () => {
    const bin = real.dir.join('programs');
    await mkdir(bin, {recursive: true});
    await writeFile(`${bin}/xdg-open`, `#!/bin/sh\necho "$@" >>${bin}/opened\n`);
    await chmod(`${bin}/xdg-open`, 0o755);
    const opened = () => readFile(`${bin}/opened`, 'utf8').catch(() => '');
    const replay = `timeout -s INT 5 ${real.line('dashboard', 'replay', file)}`;
    const path = `PATH=${bin}:$PATH`;
    await real.shell(`DISPLAY=:0 ${path} ${replay}`);
    await real.terminal(`unset DISPLAY WAYLAND_DISPLAY; export ${path}; ${replay}`);
    await real.terminal(`export DISPLAY=:0 ${path}; ${replay} --no-open`);
    expect(await opened()).toBe('');
    const {stdout} = await real.terminal(`export DISPLAY=:0 ${path}; ${replay}`);
    const page = real.dir.join('state/kni-demo/dashboard.html');
    expect(await opened()).toBe(`${page}\n`);
    expect((await stat(page)).mode & 0o777).toBe(0o600);
    const url = /http:\S+\//.exec(stdout)?.[0] ?? 'no URL';
    expect(await readFile(page, 'utf8')).toContain(`url=${url}"`);
    expect(stdout).toContain('Opened it in your browser.');
  });
});

describe('dashboard export', () => {
  it('writes one page with the recording', async () => {
    const page = real.dir.join('page.html');
    const {code, stdout} = await real.shell(real.line('dashboard', 'export', file, page, '--json'));
    expect(code).toBe(0);
    const html = await readFile(page, 'utf8');
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'result',
      command: 'dashboard export',
      exitCode: 0,
      file: page,
      bytes: Buffer.byteLength(html),
      messages: 2,
    });
    expect(html).toContain(`id="kni-recording">${recording}</script>`);
    expect(html).not.toMatch(/<(script|link)[^>]* (src|href)="(?!data:)/);
  });

  /** A recording of many log lines full of `<`, each of which takes six bytes in a page. */
  const writeAngles = async (name: string, megabytes: number): Promise<string> => {
    const line = {type: 'log', node: 'n', time: back.time, level: 'info', msg: '<'.repeat(99_900)};
    const angles = real.dir.join(name);
    await writeFile(
      angles,
      `${JSON.stringify(start)}\n${`${JSON.stringify(line)}\n`.repeat(10 * megabytes)}`,
    );
    return angles;
  };

  it('needs little memory for a recording that grows in the page', async () => {
    const angles = await writeAngles('angles.ndjson', 30);
    const page = real.dir.join('angles.html');
    const {code, stderr} = await real.shell(real.line('dashboard', 'export', angles, page), {
      NODE_OPTIONS: '--max-old-space-size=64',
    });
    expect({code, stderr}).toEqual({code: 0, stderr: expect.stringMatching(/^301 messages/)});
    expect((await stat(page)).size).toBeGreaterThan(179_000_000);
  });

  it('refuses a page that is too large for a browser, and says which part of the recording fits', async () => {
    const angles = await writeAngles('too-many.ndjson', 100);
    const page = real.dir.join('too-large.html');
    const {code, stderr} = await real.shell(real.line('dashboard', 'export', angles, page));
    expect(code).toBe(exitCodes.badInput);
    expect(stderr).toMatch(
      /^error: cannot export .*too-many\.ndjson: its page would have 6\d\d MB, but kni-demo writes at most 500 MB/,
    );
    expect(stderr).toMatch(/try: {3}take a part of it: head -c 8\dMB .*too-many\.ndjson > part\.ndjson\n/);
    await expect(stat(page)).rejects.toThrow('ENOENT');
  });

  it('leaves no part of a page on a full disk', async () => {
    const directory = real.dir.join('small');
    await mkdir(directory);
    const angles = await writeAngles('some.ndjson', 2);
    const written = real.line('dashboard', 'export', angles, `${directory}/page.html`);
    const {code, stdout, stderr} = await real.shell(
      `unshare -m sh -c 'mount -t tmpfs -o size=4m none ${directory} && ${written}; code=$?; ls -A ${directory}; exit $code'`,
    );
    expect({code, stdout}).toEqual({code: exitCodes.failed, stdout: ''});
    expect(stderr).toMatch(/^error: ENOSPC.*\ntry: {3}free some disk space/);
  });
});
