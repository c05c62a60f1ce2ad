import {describe, expect, it} from 'vitest';
import type {RunEvent} from '../../src/graph/events.ts';
import {linesView} from '../../src/view/lines.ts';
import {capture, terminal} from '../rig/terminal.ts';
import {
  cancelled,
  commandError,
  done,
  failed,
  notStarted,
  output,
  planned,
  skipped,
  started,
} from './events.ts';

const linesOf = async (...events: readonly RunEvent[]): Promise<readonly string[]> => {
  const stream = capture();
  const view = linesView(stream);
  for (const event of events) view.emit(event);
  await view.close();
  return stream.text().split('\n').slice(0, -1);
};

describe('linesView', () => {
  it('writes a line for each change, and no output of tools', async () => {
    expect(
      await linesOf(
        planned,
        skipped('host/engine', 'docker 26.1 answers'),
        started('build/kubelet'),
        output('build/kubelet', 'compiling'),
        done('build/kubelet', 12_345),
      ),
    ).toEqual([
      '[host/engine] skipped: docker 26.1 answers',
      '[build/kubelet] started',
      '[build/kubelet] done in 12.3 s',
    ]);
  });

  it('names a stage that has nothing to do, before the tasks of the others', () => {
    const stream = capture();
    const view = linesView(stream, {stages: ['host', 'init', 'build', 'setup', 'verify']});
    view.emit({kind: 'planned', tasks: [{id: 'setup/cluster', title: 'Create the cluster'}]});
    view.emit(skipped('setup/cluster', 'running'));
    expect(stream.text().split('\n')).toEqual([
      '[host] skipped: nothing to do',
      '[init] skipped: nothing to do',
      '[build] skipped: nothing to do',
      '[verify] skipped: nothing to do',
      '[setup/cluster] skipped: running',
      '',
    ]);
  });

  it('tells at the end why tasks failed', async () => {
    expect(
      await linesOf(
        planned,
        started('build/kubelet'),
        failed('build/kubelet', commandError),
        notStarted('setup/cluster', 'build/kubelet'),
      ),
    ).toEqual([
      '[build/kubelet] started',
      '[build/kubelet] failed: exit code 2: go build ./cmd/kubelet',
      '[setup/cluster] not started: build/kubelet failed',
      'Build the kubelet (build/kubelet) failed',
      '  exit code 2: go build ./cmd/kubelet',
      '  │ compiling',
      '  │ undefined: kni',
      '  │ from the command itself',
      '  log: /logs/build/kubelet.log',
      '  try: see the log, fix the cause and run the same command again; finished tasks are kept',
    ]);
  });

  it('has nothing to add to what was cancelled', async () => {
    expect(await linesOf(planned, cancelled('build/kubelet'))).toEqual(['[build/kubelet] cancelled']);
  });

  it('tells of a failure before there was a plan', async () => {
    expect(await linesOf(failed('build/kubelet', new Error('boom')))).toContain(
      'build/kubelet (build/kubelet) failed',
    );
  });

  it('tells a failure once, however often it is closed', async () => {
    const stream = capture();
    const view = linesView(stream);
    view.emit(failed('build/kubelet', commandError));
    await view.close();
    const once = stream.text();
    await view.close();
    expect(stream.text()).toBe(once);
  });

  it('uses colours if there are some, and only there', async () => {
    const [colourful, plain] = [terminal({colors: true}), terminal({colors: false})];
    for (const stream of [colourful, plain]) linesView(stream).emit(done('build/kubelet', 1_000));
    expect(colourful.text()).toBe('\u001b[2m[build/kubelet]\u001b[22m \u001b[32mdone in 1 s\u001b[39m\n');
    expect(plain.text()).toBe('[build/kubelet] done in 1 s\n');
  });

  it('continues after its reader has closed the stream', () => {
    const stream = capture();
    const view = linesView(stream);
    view.emit(started('build/kubelet'));
    stream.destroy(Object.assign(new Error('write EPIPE'), {code: 'EPIPE'}));
    expect(() => view.emit(done('build/kubelet', 1))).not.toThrow();
  });
});
