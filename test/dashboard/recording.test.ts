import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile, stat, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {createRecorder, readRecording} from '../../src/dashboard/recording.ts';
import {UserError} from '../../src/errors.ts';
import {project} from '../../src/project.ts';
import {rejection} from '../rig/demo.ts';
import {end} from '../rig/processes.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {until} from '../rig/wait.ts';

const start = JSON.stringify({type: 'start', version: 1, time: '2026-11-28T12:00:00.000Z', cluster: 'test1'});
const event = JSON.stringify({
  type: 'event',
  version: 1,
  time: '2026-11-28T12:00:02.500000Z',
  source: 'runtime',
  kind: 'a',
});
const unexpected = (why: string): void => {
  throw new Error(why);
};

describe('a recorder', () => {
  it('writes each line at once into a file of its owner only', async () => {
    await using dir = await tempDir();
    const file = dir.join('run.ndjson');
    const recorder = createRecorder(file, unexpected);
    recorder.write(start);
    expect(await readFile(file, 'utf8')).toBe(`${start}\n`);
    recorder.write(event);
    recorder.close();
    expect(await readFile(file, 'utf8')).toBe(`${start}\n${event}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('refuses a file that exists, and a directory that does not', async () => {
    await using dir = await tempDir();
    const file = dir.join('run.ndjson');
    await writeFile(file, 'mine');
    expect(() => createRecorder(file, unexpected)).toThrow(`cannot record to ${file}: it exists already`);
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(() => createRecorder(dir.join('no/run.ndjson'), unexpected)).toThrow(/ENOENT/);
  });

  it('loses nothing that was written before kill -9', async () => {
    await using dir = await tempDir();
    const [program, file] = [dir.join('record.mjs'), dir.join('run.ndjson')];
    const source = join(project.root, 'src/dashboard/recording.ts');
    const contents = `import {createRecorder} from ${JSON.stringify(source)};
      const recorder = createRecorder(process.argv[2], () => process.exit(1));
      recorder.write(${JSON.stringify(start)});
      let n = 0;
      setInterval(() => {
        n += 1;
        recorder.write(JSON.stringify({type: 'later', n, text: 'x'.repeat((n * 37) % 5000)}));
        process.stdout.write(n + '\\n');
      }, 1);`;
    await build({
      stdin: {contents, resolveDir: project.root},
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
    });
    const child: ChildProcess = spawn(process.execPath, [program, file]);
    let told = '';
    child.stdout?.on('data', (chunk) => (told += String(chunk)));
    await until('many lines', () => told.split('\n').length > 200);
    await end(child, 'SIGKILL');
    const {messages, isCut} = await readRecording(file);
    expect(isCut).toBe(false);
    expect(messages).toBeGreaterThanOrEqual(told.trim().split('\n').length);
  });

  it('ends with its last whole line when the disk is full, and reports this once', async () => {
    const reasons: string[] = [];
    const size = 65_536;
    // A file of limited size, as ulimit gives it, is as good as a full disk.
    await using dir = await tempDir();
    const [program, file] = [dir.join('record.mjs'), dir.join('run.ndjson')];
    const source = join(project.root, 'src/dashboard/recording.ts');
    await build({
      stdin: {
        contents: `import {createRecorder} from ${JSON.stringify(source)};
          process.on('SIGXFSZ', () => undefined);
          const recorder = createRecorder(process.argv[2], (why) => console.log(why));
          recorder.write(${JSON.stringify(start)});
          for (let n = 0; n < 1000; n += 1) recorder.write(JSON.stringify({type: 'later', text: 'x'.repeat(300)}));
          recorder.close();`,
        resolveDir: project.root,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
    });
    const child = spawn('bash', [
      '-c',
      `ulimit -f ${size / 1024}; exec ${process.execPath} ${program} ${file}`,
    ]);
    child.stdout.on('data', (chunk) => reasons.push(...String(chunk).trim().split('\n')));
    await new Promise((resolve) => child.once('close', resolve));
    expect(reasons).toHaveLength(1);
    const {isCut, messages} = await readRecording(file);
    expect(isCut).toBe(false);
    expect(messages).toBeGreaterThan(100);
    expect((await stat(file)).size).toBeLessThanOrEqual(size);
  });
});

describe('reading a recording', () => {
  const read = async (text: string | Buffer) => {
    await using dir = await tempDir();
    const file = dir.join('run.ndjson');
    await writeFile(file, text);
    return await readRecording(file);
  };

  it('tells the number of messages and their time', async () => {
    expect(await read(`${start}\n${event}\n{"type":"later-version"}\n`)).toEqual({
      content: Buffer.from(`${start}\n${event}\n{"type":"later-version"}\n`),
      messages: 3,
      cluster: 'test1',
      from: '2026-11-28T12:00:00.000Z',
      to: '2026-11-28T12:00:02.500000Z',
      isCut: false,
    });
  });

  it('leaves out an incomplete last line', async () => {
    const {content, isCut} = await read(`${start}\n${event}\n{"type":"ev`);
    expect({text: String(content), isCut}).toEqual({text: `${start}\n${event}\n`, isCut: true});
  });

  it.each([
    ['empty', '', 'it is not a recording of a dashboard'],
    ['of another program', '{"level":"info"}\n', 'it is not a recording of a dashboard'],
    ['no JSON', 'hello\n', 'it is not a recording of a dashboard'],
    ['binary', Buffer.from([0, 255, 10, 1]), 'it is not a recording of a dashboard'],
    ['without its start', `${event}\n`, 'it is not a recording of a dashboard'],
    [
      'of a later version',
      `${start.replace('"version":1', '"version":2')}\n`,
      'a later version of kni-demo has made it',
    ],
    ['damaged', `${start}\n${event}\n{"type":"ev\n${event}\n`, 'line 3 is damaged'],
    ['damaged by a foreign line', `${start}\n[]\n`, 'line 2 is damaged'],
    ['without a time', `${start}\n{"type":"back"}\n`, 'line 2 is damaged'],
    ['with an invalid time', `${start}\n${event.replace('12:00:02', '25:00:02')}\n`, 'line 2 is damaged'],
    ['with an object as a text', `${start}\n${event.replace('"a"', '{}')}\n`, 'line 2 is damaged'],
    [
      'with a state without nodes',
      `${start}\n{"type":"snapshot","time":"2026-11-28T12:00:01Z"}\n`,
      'line 2 is damaged',
    ],
  ])('refuses a file that is %s', async (_, text, why) => {
    const error = await rejection(read(text), UserError);
    expect(error).toMatchObject({why, errorCode: 'KNI-E230', exitCode: 2});
  });

  it('refuses more than the page can hold', async () => {
    await using dir = await tempDir();
    const file = dir.join('huge.ndjson');
    await writeFile(file, `${start}\n`);
    await truncate(file, 2 ** 40);
    const error = await rejection(readRecording(file), UserError);
    expect(error.why).toBe('it has more than 256 MB');
    expect(error.tryThis).toBe(`take a part of it: head -c 256M ${file} > part.ndjson`);
  });

  it('refuses a missing file, a directory, a device and a pipe', async () => {
    await using dir = await tempDir();
    const pipe = dir.join('pipe');
    await once(spawn('mkfifo', [pipe]), 'exit');
    for (const [path, why] of [
      [dir.join('no'), /ENOENT/],
      [dir.path, /^it is not a file$/],
      [pipe, /^it is not a file$/],
      ['/dev/zero', /^it is not a file$/],
    ] as const)
      expect((await rejection(readRecording(path), UserError)).why).toMatch(why);
  });
});
