import {describe, expect, it} from 'vitest';
import {createView} from '../../src/view/create-view.ts';
import {screenOf, terminal} from '../rig/terminal.ts';
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

const open = (size: {readonly rows?: number; readonly columns?: number} = {}) => {
  const stream = terminal(size);
  const view = createView('list', stream);
  return {stream, view, screen: () => screenOf(stream.text())};
};

describe('listView', () => {
  it('shows stages, the tasks of the running stage, and the last line of output', async () => {
    const {view, screen} = open();
    view.emit(planned);
    view.emit(skipped('host/engine', 'docker 26.1 answers'));
    view.emit(skipped('init/kubernetes', 'unpacked'));
    view.emit(started('build/kubelet'));
    view.emit(output('build/kubelet', 'first'));
    view.emit(output('build/kubelet', '\u001b[32msecond\u001b[39m'));
    await expect
      .poll(() => screen().map((line) => line.replace(/^(\s*)[^\w\s]+/, '$1*').replace(/\d+ s$/, 'N s')), {
        timeout: 30_000,
      })
      .toEqual([
        '* host nothing to do',
        '* init nothing to do',
        '* build',
        '  * Build the kubelet N s',
        '    * second',
        '  * Build containerd',
        '* setup',
      ]);
    view.emit(done('build/kubelet', 1));
    await view.close();
  });

  it('leaves the whole story on the screen', async () => {
    const {view, screen} = open();
    view.emit(planned);
    view.emit(skipped('host/engine', 'docker 26.1 answers'));
    for (const task of ['init/kubernetes', 'build/kubelet', 'build/containerd', 'setup/cluster']) {
      view.emit(started(task));
      view.emit(done(task, 12_345));
    }
    await view.close();
    expect(screen()).toEqual([
      '↓ host nothing to do',
      '✔ init',
      '  ✔ Fetch kubernetes 12.3 s',
      '✔ build',
      '  ✔ Build the kubelet 12.3 s',
      '  ✔ Build containerd 12.3 s',
      '✔ setup',
      '  ✔ Create the cluster 12.3 s',
    ]);
  });

  it('shows a stage that has nothing to do', async () => {
    const stream = terminal();
    const view = createView('list', stream, {stages: ['host', 'build', 'setup']});
    view.emit({kind: 'planned', tasks: [{id: 'setup/cluster', title: 'Create the cluster'}]});
    view.emit(skipped('setup/cluster', 'running'));
    await view.close();
    expect(screenOf(stream.text())).toEqual([
      '↓ host nothing to do',
      '↓ build nothing to do',
      '↓ setup nothing to do',
    ]);
  });

  it.each([
    [40, 20],
    [4, 80],
    [4, 20],
    [2, 80],
  ])('draws no more lines than it erases, on %i rows of %i columns', async (rows, columns) => {
    const {view, stream} = open({rows, columns});
    view.emit(planned);
    view.emit(done('host/engine', 1));
    view.emit(done('init/kubernetes', 1));
    view.emit(started('build/kubelet'));
    view.emit(output('build/kubelet', '✔ 漢字 📦 and a line that is longer than the terminal is wide'));
    const frames = (): readonly string[] =>
      stream.text().replace('\u001b[?25l', '').split(new RegExp(String.raw`\u001b\[2K.*\u001b\[G`));
    await expect.poll(() => frames()[0], {timeout: 30_000}).not.toBe('');
    for (const lines of frames().map((frame) => frame.split('\n').slice(0, -1))) {
      expect(lines.length).toBeLessThan(rows);
      for (const line of lines) expect(line).toMatch(/^( *[^\w\s] \S|$)/);
    }
    await view.close();
  });

  it('shows in one stage what was skipped beside what was done', async () => {
    const {view, screen} = open();
    view.emit(planned);
    view.emit(skipped('build/containerd', 'built before'));
    view.emit(started('build/kubelet'));
    view.emit(done('build/kubelet', 1_000));
    await view.close();
    expect(screen().slice(2, 5)).toEqual([
      '✔ build',
      '  ✔ Build the kubelet 1 s',
      '  ↓ Build containerd built before',
    ]);
  });

  it('shows failed and unstarted tasks, and the reason below', async () => {
    const {view, screen} = open();
    view.emit(planned);
    view.emit(started('build/kubelet'));
    view.emit(started('build/containerd'));
    view.emit(failed('build/kubelet', commandError));
    view.emit(done('build/containerd', 2_000));
    view.emit(notStarted('setup/cluster', 'build/kubelet'));
    await view.close();
    expect(screen()).toEqual([
      expect.stringMatching(/ host$/),
      expect.stringMatching(/ init$/),
      expect.stringMatching(/ build$/),
      '  ✖ Build the kubelet failed: exit code 2: go build ./cmd/kubelet',
      '  ✔ Build containerd 2 s',
      '↓ setup not started',
      'Build the kubelet (build/kubelet) failed',
      '  exit code 2: go build ./cmd/kubelet',
      '  │ compiling',
      '  │ undefined: kni',
      '  │ from the command itself',
      '  log: /logs/build/kubelet.log',
      '  try: see the log, fix the cause and run the same command again; finished tasks are kept',
    ]);
  });

  it('shows what was cancelled', async () => {
    const {view, screen} = open();
    view.emit(planned);
    view.emit(started('build/kubelet'));
    view.emit(cancelled('build/kubelet'));
    view.emit(cancelled('build/containerd'));
    await view.close();
    expect(screen()).toContain('  ✖ Build the kubelet cancelled');
  });

  it('gives the terminal back: the cursor is shown, nothing is drawn any more', async () => {
    const {view, stream} = open();
    view.emit(planned);
    await view.close();
    const written = stream.text();
    expect(written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(written.lastIndexOf('\u001b[?25l'));
    stream.write('ours\n');
    expect(stream.text()).toBe(`${written}ours\n`);
  });

  it('does not listen to signals, which are not its business', async () => {
    const before = process.listenerCount('SIGINT');
    const {view} = open();
    view.emit(planned);
    expect(process.listenerCount('SIGINT')).toBe(before);
    await view.close();
  });

  it('can be closed before anything happened, and twice', async () => {
    const {view, stream} = open();
    await view.close();
    await view.close();
    expect(stream.text()).toBe('');
  });

  it('shows no task that was not planned', async () => {
    const {view, screen} = open();
    view.emit(planned);
    expect(() => view.emit(started('other/task'))).not.toThrow();
    await view.close();
    expect(screen().join('\n')).not.toContain('other');
  });
});
