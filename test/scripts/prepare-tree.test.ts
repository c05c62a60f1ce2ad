import {existsSync} from 'node:fs';
import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {CommandError} from '../../src/host/command-error.ts';
import {localHost} from '../../src/host/process.ts';
import {project} from '../../src/project.ts';
import {rejection} from '../rig/demo.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

/** A source file long enough for a hunk to have context, and for it to be elsewhere. */
const numbers = Array.from({length: 20}, (_, index) => `line ${index + 1}\n`);
const upstream = numbers.join('');

/** Replaces line `at` of main.go, which has the context that `numbers` has there, or `context`. */
const patch = (at: number, by: string, context = numbers): string =>
  [
    'What it is for.\n\n--- a/main.go\n+++ b/main.go\n',
    `@@ -${at - 3},7 +${at - 3},7 @@\n`,
    ...context.slice(at - 4, at - 1).map((line) => ` ${line}`),
    `-${context[at - 1]}+${by}\n`,
    ...context.slice(at, at + 3).map((line) => ` ${line}`),
  ].join('');

interface Parts {
  /** Debian's patches by name, and their series. */
  readonly debian?: Readonly<Record<string, string>>;
  readonly series?: string;
  readonly ours?: Readonly<Record<string, string>>;
}

const write = async (dir: TempDir, name: string, text: string): Promise<void> => {
  await mkdir(dirname(dir.join(name)), {recursive: true});
  await writeFile(dir.join(name), text);
};

/** The folders of containerd 1.6 or 2 in the source, and our Go files for both. */
const writeContainerd = async (dir: TempDir, release: '1.6' | '2'): Promise<void> => {
  const plugin = release === '2' ? 'internal/cri' : 'pkg/cri';
  for (const name of ['config', 'server', 'store/sandbox']) {
    await write(dir, `unpacked/thing-1.0/${plugin}/${name}/upstream.go`, 'package upstream\n');
    await write(dir, `go-files/${name}/kni.go`, `package kni // ${name}\n`);
  }
  for (const each of ['1.6', '2'])
    for (const name of ['config', 'server'])
      await write(dir, `go-files/release-${each}/${name}/kni_release.go`, `package kni // ${each}\n`);
};

/** Packs a tiny source package and writes our series; returns what runs the script on it. */
const prepare = async (dir: TempDir, {debian = {}, series, ours = {}}: Parts) => {
  await write(dir, 'unpacked/thing-1.0/main.go', upstream);
  await writeContainerd(dir, '1.6');
  await write(
    dir,
    'packaging/debian/patches/series',
    series ??
      Object.keys(debian)
        .map((name) => `${name}\n`)
        .join(''),
  );
  for (const [name, text] of Object.entries(debian))
    await write(dir, `packaging/debian/patches/${name}`, text);
  for (const [name, text] of Object.entries(ours)) await write(dir, `patches/${name}`, text);
  for (const name of ['source', 'out', 'tmp', 'patches']) await mkdir(dir.join(name), {recursive: true});
  const tar = (file: string, from: string, what: string) =>
    localHost().run(['tar', ['-C', dir.join(from), '-cf', dir.join('source', file), what]]);
  await tar('thing_1.0.orig.tar.gz', 'unpacked', 'thing-1.0');
  await tar('thing_1.0-1.debian.tar.xz', 'packaging', 'debian');

  const env = {
    SOURCE: dir.join('source'),
    PATCHES: dir.join('patches'),
    GO_FILES: dir.join('go-files'),
    PROTO: dir.join('proto'),
    OUT: dir.join('out'),
    TMPDIR: dir.join('tmp'),
  };
  const script = join(project.manifests, 'scripts/prepare-tree.sh');
  return {
    run: (component = 'containerd', more: Record<string, string> = {}) =>
      localHost().run(['sh', [script, component]], {env: {...env, ...more}, onLine: () => undefined}),
    line: async (number: number) => (await readFile(dir.join('out/main.go'), 'utf8')).split('\n')[number - 1],
  };
};

describe.skipIf(!existsSync('/usr/bin/patch'))('prepare-tree.sh', () => {
  it("applies Debian's series, then ours", async () => {
    await using dir = await tempDir();
    const changed = numbers.with(4, 'debian\n');
    const {run, line} = await prepare(dir, {
      debian: {'first.patch': patch(5, 'debian'), 'second.patch': patch(15, 'second')},
      ours: {'0001-a.patch': patch(5, 'ours', changed), 'README.md': 'no patch'},
    });
    await run();
    expect([await line(1), await line(5), await line(15)]).toEqual(['line 1', 'ours', 'second']);
    expect(existsSync(dir.join('out/main.go.orig'))).toBe(false);
    expect(await localHost().run(['ls', ['-A', dir.join('tmp')]])).toMatchObject({stdout: ''});
  });

  it('reads a series as quilt does: remarks, empty lines, options, no end of the last line', async () => {
    await using dir = await tempDir();
    const {run, line} = await prepare(dir, {
      debian: {'a.patch': patch(5, 'a'), 'sub/b.patch': patch(12, 'b'), 'unused.patch': 'rubbish'},
      series: '# remark\n\n  a.patch -p1 # why\n#unused.patch\nsub/b.patch',
      ours: {'0001-c.patch': patch(17, 'c')},
    });
    await run();
    expect([await line(5), await line(12), await line(17)]).toEqual(['a', 'b', 'c']);
  });

  it('names the patch that does not apply, and stops', async () => {
    await using dir = await tempDir();
    const {run, line} = await prepare(dir, {
      ours: {
        '0001-good.patch': patch(5, 'good'),
        '0002-bad.patch': patch(10, 'bad', numbers.with(9, 'something else\n')),
        '0003-never.patch': patch(15, 'never'),
      },
    });
    const {output, exitStatus} = await rejection(run(), CommandError);
    expect(exitStatus).toBe(1);
    expect(output.split('\n').at(-1)).toBe('patch does not apply: 0002-bad.patch of containerd');
    expect(output).toContain('FAILED');
    expect(await line(15)).toBe('line 15');
  });

  it("names Debian's", async () => {
    await using dir = await tempDir();
    const debian = {'fix.patch': patch(10, 'bad', numbers.with(9, 'something else\n'))};
    const {run} = await prepare(dir, {debian, ours: {'0001-good.patch': patch(5, 'good')}});
    expect((await rejection(run(), CommandError)).output).toMatch(
      /^patch does not apply: Debian's fix\.patch of containerd$/m,
    );
  });

  it.each([
    ['a patch that needs fuzz', patch(10, 'fuzzy', numbers.with(6, 'another line\n'))],
    ['a patch that was applied before', patch(10, 'line 10', numbers.with(9, 'what line 10 was\n'))],
    ['a patch of a missing file', patch(10, 'x').replaceAll('main.go', 'other.go')],
    ['an invalid patch', 'rubbish\n'],
  ])('refuses %s', async (_, text) => {
    await using dir = await tempDir();
    const {run, line} = await prepare(dir, {ours: {'0001-a.patch': text}});
    expect((await rejection(run(), CommandError)).output).toMatch(
      /^patch does not apply: 0001-a\.patch of containerd$/m,
    );
    expect(await line(10)).toBe('line 10');
  });

  it('refuses a series that is empty', async () => {
    await using dir = await tempDir();
    const {run} = await prepare(dir, {});
    expect((await rejection(run(), CommandError)).exitStatus).not.toBe(0);
  });

  it.each(['orig', 'debian'])('says which tarball there is not: %s', async (kind) => {
    await using dir = await tempDir();
    const {run} = await prepare(dir, {ours: {'0001-a.patch': patch(5, 'a')}});
    await localHost().run(['sh', ['-c', `rm "$1"/*.${kind}.tar.*`, 'sh', dir.join('source')]]);
    await write(dir, `source/thing_1.0.${kind}.tar.gz.asc`, 'a signature');
    expect((await rejection(run(), CommandError)).output).toBe(`no tarball of containerd: *.${kind}.tar.*`);
  });

  describe('with one tarball of the whole tree', () => {
    const unpackedWith = async (dir: TempDir, more: Record<string, string> = {}) => {
      const {run, line} = await prepare(dir, {ours: {'0001-a.patch': patch(5, 'ours')}});
      await localHost().run(['sh', ['-c', 'rm "$1"/*', 'sh', dir.join('source')]]);
      for (const [name, text] of Object.entries(more)) await write(dir, `unpacked/thing-1.0/${name}`, text);
      await localHost().run([
        'tar',
        ['-C', dir.join('unpacked/thing-1.0'), '-cf', dir.join('source/tree.tar'), '.'],
      ]);
      return {run, line};
    };

    it('uses it unchanged, and applies our series', async () => {
      await using dir = await tempDir();
      const {run, line} = await unpackedWith(dir);
      await run();
      expect([await line(1), await line(5)]).toEqual(['line 1', 'ours']);
    });

    it('leaves our series and our Go files out if the tree has them', async () => {
      await using dir = await tempDir();
      const {run, line} = await unpackedWith(dir);
      await run('kubernetes', {PATCHED: 'false'});
      expect(await line(5)).toBe('line 5');
      expect(existsSync(dir.join('out/pkg/kubelet'))).toBe(false);
    });

    it.each([
      ['go 1.19', 0],
      ['go 1.18.3', 0],
      ['go 1.20', 1],
      ['go 1.26.0', 1],
    ])('fits the Go that is there, or is refused: %s', async (wanted, exitStatus) => {
      await using dir = await tempDir();
      const {run} = await unpackedWith(dir, {'go.mod': `module thing\n\n${wanted}\n`});
      // Stands for the compiler, which only a builder has: it says which one it is.
      await write(dir, 'bin/go', '#!/bin/sh\necho go version go1.19.8 linux/amd64\n');
      await chmod(dir.join('bin/go'), 0o755);
      const ended = run('containerd', {PATH: `${dir.join('bin')}:${process.env['PATH']}`});
      const output = exitStatus === 0 ? (await ended).stdout : (await rejection(ended, CommandError)).output;
      const refusal = `Go does not fit: containerd requires Go ${wanted.slice(3)} (go.mod), but Go 1.19.8 is installed`;
      expect(output).toBe(exitStatus === 0 ? '' : refusal);
    });

    it.each([
      ['1.19.2', 'modules', 0],
      ['1.18.10', 'modules', 1],
      ['1.20rc1', 'modules', 1],
      ['1.18.10', 'gopath', 0], // Debian builds such releases with another Go
    ])('is released with Go %s, and built as %s: ends with %d', async (named, layout, exitStatus) => {
      await using dir = await tempDir();
      const {run} = await unpackedWith(dir, {
        'go.mod': 'module thing\n\ngo 1.18\n',
        '.go-version': `${named}\n`,
      });
      await write(dir, 'bin/go', '#!/bin/sh\necho go version go1.19.8 linux/amd64\n');
      await chmod(dir.join('bin/go'), 0o755);
      const ended = run('containerd', {
        LAYOUT: layout,
        PATH: `${dir.join('bin')}:${process.env['PATH']}`,
      });
      const output = exitStatus === 0 ? (await ended).stdout : (await rejection(ended, CommandError)).output;
      expect(output).toBe(
        exitStatus === 0
          ? ''
          : `Go does not fit: containerd is released with Go ${named.replace('rc1', '')} (.go-version), but Go 1.19.8 is installed`,
      );
    });
  });

  it.each([
    ['1.6', 'pkg/cri'],
    ['2', 'internal/cri'],
  ] as const)('adds our Go files to containerd %s', async (release, plugin) => {
    await using dir = await tempDir();
    const {run} = await prepare(dir, {ours: {'0001-a.patch': patch(5, 'a')}});
    await localHost().run(['sh', ['-c', 'rm -r "$1"/source/* "$1/unpacked/thing-1.0/pkg"', 'sh', dir.path]]);
    await writeContainerd(dir, release);
    const source = dir.join('unpacked/thing-1.0');
    await localHost().run(['tar', ['-C', source, '-cf', dir.join('source/tree.tar'), '.']]);
    await run();
    const read = (name: string) => readFile(dir.join('out', plugin, name), 'utf8');
    expect(await read('store/sandbox/kni.go')).toBe('package kni // store/sandbox\n');
    for (const name of ['config', 'server']) {
      expect(await read(`${name}/kni.go`)).toBe(`package kni // ${name}\n`);
      expect(await read(`${name}/kni_release.go`)).toBe(`package kni // ${release}\n`);
    }
  });

  it.each([
    ['v1alpha2 by default', {}, 'v1alpha2'],
    ['v1alpha2', {CRI: 'v1alpha2'}, 'v1alpha2'],
    ['v1', {CRI: 'v1'}, 'v1'],
  ])('adds the KNI package for CRI %s to kubernetes', async (_, env, generation) => {
    await using dir = await tempDir();
    const {run} = await prepare(dir, {ours: {'0001-a.patch': patch(5, 'a')}});
    await write(dir, 'go-files/client.go', 'package kni\n');
    for (const name of ['v1alpha2', 'v1'])
      await write(dir, `go-files/cri-${name}/cri.go`, `package kni // ${name}\n`);
    await write(dir, 'proto/kni.proto', 'syntax = "proto3";\n');
    // Stands for the compiler, which only a builder has: it generates what it is asked for.
    const compiler =
      '#!/bin/sh\nfor arg; do case $arg in --go_out=*) out=${arg#*=} ;; *.proto) file=$arg ;; esac; done\n' +
      'test "$file" = kni.proto && echo "package api" >"$out/pkg/kubelet/kni/api/kni.pb.go"\n';
    await write(dir, 'bin/protoc', compiler);
    await chmod(dir.join('bin/protoc'), 0o755);
    await run('kubernetes', {...env, PATH: `${dir.join('bin')}:${process.env['PATH']}`});
    expect(await readFile(dir.join('out/pkg/kubelet/kni/client.go'), 'utf8')).toBe('package kni\n');
    expect(await readFile(dir.join('out/pkg/kubelet/kni/cri.go'), 'utf8')).toBe(
      `package kni // ${generation}\n`,
    );
    expect(await readFile(dir.join('out/pkg/kubelet/kni/api/kni.pb.go'), 'utf8')).toBe('package api\n');
  });
});
