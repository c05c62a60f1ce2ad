import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import {build} from 'esbuild';
import {describe, expect, it, vi} from 'vitest';
import {createLineBuffer, createLog, errorText, type LogLevel} from '../../runtime/src/log.ts';

const linesOf = (level: LogLevel, write: (log: ReturnType<typeof createLog>) => void) => {
  const lines: string[] = [];
  write(createLog({write: (line) => lines.push(line)}, {level}));
  return lines;
};

/** A program with a `log` on stdout. */
const programOf = async (code: string): Promise<string> => {
  const contents = `import {createLog, stdoutSink} from './runtime/src/log.ts';
    const output = stdoutSink();
    const log = createLog(output);
    ${code}`;
  const {outputFiles} = await build({
    stdin: {contents, resolveDir: process.cwd(), loader: 'ts'},
    bundle: true,
    platform: 'node',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
};

describe('the log', () => {
  it('begins every line with level, msg and time, and leaves out what has no value', () => {
    const [line = ''] = linesOf('info', (log) => log.info('hello', {rpc: 'X', uid: undefined, ms: 1.5}));
    expect(line).toMatch(
      /^\{"level":"info","msg":"hello","time":"\d{4}-\d\d-\d\dT[\d:.]+Z","rpc":"X","ms":1\.5\}\n$/,
    );
  });

  it('stays on one line with any content', () => {
    const [line = ''] = linesOf('info', (log) => log.error('a\nb', {error: 'c\nd'}));
    expect(line.trimEnd()).not.toContain('\n');
  });

  it('leaves out fields that JSON cannot express', () => {
    const [line = ''] = linesOf('info', (log) => log.info('hello', {big: 1n}));
    expect(line).toMatch(/^\{"level":"info","msg":"hello","time":"[^"]+"\}\n$/);
  });

  it('leaves out what is below its level', () => {
    const lines = linesOf('warn', (log) => {
      log.debug('d');
      log.info('i');
      log.warn('w');
      log.error('e');
    });
    expect(lines.map((line) => (JSON.parse(line) as {msg: string}).msg)).toEqual(['w', 'e']);
  });

  it('is written together some milliseconds later, in order', async () => {
    const writes: string[] = [];
    const buffer = createLineBuffer({write: (lines) => writes.push(lines)});
    buffer.write('one\n');
    buffer.write('two\n');
    expect(writes).toEqual([]);
    await vi.waitFor(() => expect(writes).toEqual(['one\ntwo\n']));
    buffer.write('three\n');
    await vi.waitFor(() => expect(writes).toEqual(['one\ntwo\n', 'three\n']));
  });

  it('is complete when the process exits at once', async () => {
    const {stdout, status} = spawnSync(process.execPath, {
      input: await programOf(`log.error('the last line'); process.exit(1);`),
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^\{"level":"error","msg":"the last line",.*\}\n$/);
  });

  it('does not fill the memory when its reader hangs', async () => {
    const program = await programOf(`
      let rounds = 0;
      const write = () => {
        for (let line = 0; line < 1000; line++) log.info('x'.repeat(1000));
        if (++rounds < 100) return void setTimeout(write, 10);
        console.error(process.stdout.writableLength);
        process.exit();
      };
      write();`);
    const child = spawn(process.execPath, {stdio: 'pipe'}); // its stdout is not read
    child.stdin.end(program);
    const [bytes] = (await once(child.stderr, 'data')) as [Buffer];
    expect(Number(bytes)).toBeLessThan(10_000_000);
    child.kill('SIGKILL');
  });

  it.each([
    {reader: 'reads late', readAfter: 300, last: true},
    {reader: 'hangs', readAfter: undefined, last: false},
  ])('waits at exit for a reader that $reader, but not forever', async ({readAfter, last}) => {
    const program = await programOf(`
      for (let line = 0; line < 1000; line++) log.info('x'.repeat(1000));
      log.info('the last line');
      output.flush(1000).then(() => process.exit());`);
    const child = spawn(process.execPath, {stdio: 'pipe'});
    child.stdin.end(program);
    const exited = once(child, 'exit');
    let text = '';
    const read = () => child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    if (readAfter === undefined) await exited;
    else await delay(readAfter);
    const ended = once(child, 'close');
    read();
    expect(await exited).toEqual([0, null]);
    await ended;
    expect(text.includes('"the last line"')).toBe(last);
  });

  it('does not end the process when its reader is gone', async () => {
    const program = await programOf(`
      log.info('one');
      setTimeout(() => log.info('two'), 100);
      setTimeout(() => process.exit(3), 200);`);
    const child = spawn(process.execPath, {stdio: ['pipe', 'pipe', 'ignore']});
    child.stdout.destroy();
    child.stdin.end(program);
    expect(await once(child, 'exit')).toEqual([3, null]);
  });

  it('has the words of an error and of its causes', () => {
    expect(errorText(new Error('outer', {cause: new Error('inner', {cause: 'root'})}))).toBe(
      'outer: inner: root',
    );
    expect(errorText('text')).toBe('text');
    expect(errorText(undefined)).toBe('undefined');
  });
});
