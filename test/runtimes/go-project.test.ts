import {copyFile, mkdir, readdir, readFile, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fromBinary} from '@bufbuild/protobuf';
import {type FileDescriptorProto, FileDescriptorProtoSchema} from '@bufbuild/protobuf/wkt';
import {describe, expect, it} from 'vitest';
import {file_kni} from '../../runtime/src/gen/kni_pb.ts';
import {UserError} from '../../src/errors.ts';
import {CommandError} from '../../src/host/command-error.ts';
import {project} from '../../src/project.ts';
import {buildProject} from '../../src/runtimes/build.ts';
import {type GoCompiler, goCompiler, goError} from '../../src/runtimes/go-project.ts';
import {readProject, readSource} from '../../src/runtimes/project.ts';
import {type Build, buildsOf} from '../../src/runtimes/watch.ts';
import {hostOf} from '../rig/cli.ts';
import {demoContext} from '../rig/demo.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const goIn = async (dir: TempDir, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, text] of Object.entries(files)) await writeFile(dir.join(name), text);
};

describe('a project in Go', () => {
  it.each([
    ['module example.com/kni-runtime\n\ngo 1.19\n', 'example.com/kni-runtime'],
    ['// mine\nmodule "hello" // short\n', 'hello'],
  ])('has the module of %j', async (text, module) => {
    await using dir = await tempDir();
    await goIn(dir, {'go.mod': text});
    expect(await readSource(dir.path)).toEqual({kind: 'go', directory: dir.path, module});
  });

  it('needs no go.mod', async () => {
    await using dir = await tempDir();
    await goIn(dir, {'main.go': 'package main\n'});
    expect(await readProject(dir.path)).toMatchObject({kind: 'go', module: 'kni-runtime'});
  });

  it.each(['', 'module ../../etc\n', 'module a/../b\n', 'module a:b\n'])(
    'is refused with go.mod %j',
    async (text) => {
      await using dir = await tempDir();
      await goIn(dir, {'go.mod': text});
      await expect(readProject(dir.path)).rejects.toMatchObject({
        errorCode: 'KNI-E221',
        why: 'its go.mod names no module',
      });
    },
  );
});

it.each(['main.go', 'go.mod'])('a project in Go is not named by its file %s', async (name) => {
  await using dir = await tempDir();
  await goIn(dir, {[name]: ''});
  await expect(readSource(dir.join(name))).rejects.toMatchObject({
    errorCode: 'KNI-E221',
    why: 'kni-demo compiles directories',
    tryThis: 'give the directory that contains it',
  });
});

it('a project in Go is refused if its go.mod cannot be read', async () => {
  await using dir = await tempDir();
  await mkdir(dir.join('go.mod'));
  await goIn(dir, {'main.go': 'package main\n'});
  await expect(readProject(dir.path)).rejects.toMatchObject({
    errorCode: 'KNI-E221',
    why: expect.stringMatching(/^cannot read its go\.mod: EISDIR/),
  });
});

it('a project in Go is refused if its path has a colon, which separates the parts of a mount', async () => {
  await using dir = await tempDir();
  await mkdir(dir.join('a:b'));
  await goIn(dir, {'a:b/main.go': 'package main\n'});
  await expect(readSource(dir.join('a:b'))).rejects.toMatchObject({
    errorCode: 'KNI-E221',
    tryThis: 'move or rename the directory',
  });
});

describe('an error of the Go compiler', () => {
  const errorOf = (output: string, exitStatus = 1): unknown =>
    goError(
      {directory: '/root/hello', module: 'a.b/c'},
      new CommandError(['docker', ['run']], {reason: `exit code ${exitStatus}`, output, exitStatus}),
    );

  it('has file, line and column of each problem', () => {
    const output = '# a.b/c\n./broken.go:4:2: x declared but not used\n./broken.go:5:9: undefined: y';
    expect(errorOf(output)).toMatchObject({
      errorCode: 'KNI-E222',
      why: 'broken.go:4:2: x declared but not used\nbroken.go:5:9: undefined: y',
    });
  });

  it('says what to do about a missing package', () => {
    const places = '\t/usr/lib/go-1.19/src/d.e/f (from $GOROOT)\n\t/go/src/d.e/f (from $GOPATH)';
    expect(errorOf(`main.go:3:8: cannot find package "d.e/f" in any of:\n${places}`)).toMatchObject({
      why: 'main.go:3:8: cannot find package "d.e/f"',
      tryThis: expect.stringMatching(/go mod vendor.*\n.*: a\.b\/c$/),
    });
  });

  it.each([
    'a.b/d: /usr/lib/go-1.19/pkg/tool/linux_amd64/compile: signal: killed',
    'a.b/d: write $WORK/b042/_pkg_.a: no space left on device',
  ])('does not blame the files for %j', (problem) => {
    expect(errorOf(problem)).toMatchObject({
      why: problem,
      tryThis: expect.stringMatching(/^free memory or disk/),
    });
  });

  it('names the directory of the user, not that in the container', () => {
    expect(errorOf('package a.b/c: no Go files in /go/src/a.b/c')).toMatchObject({
      why: 'package a.b/c: no Go files in /root/hello',
    });
  });

  it('does not blame the compiler if docker failed', () => {
    expect(errorOf('docker: Error response from daemon', 125)).toBeInstanceOf(CommandError);
  });
});

describe('a watched project in Go', () => {
  /** Instead of Go: the program is the text of lib/lib.go. */
  const compileGo: GoCompiler = async ({directory}, outfile) => {
    const text = await readFile(join(directory, 'lib/lib.go'), 'utf8');
    if (text.includes('bad'))
      throw new UserError({
        what: 'cannot compile',
        why: `lib/lib.go:1:1: ${text}`,
        tryThis: '',
        code: 'KNI-E222',
      });
    await copyFile(join(directory, 'lib/lib.go'), outfile);
  };
  const textOf = (build: Build): string =>
    build.kind === 'built' ? build.program.toString() : build.error.why;

  it('is compiled at once, and after changes in its packages', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('lib'));
    await goIn(dir, {'go.mod': 'module hello\n', 'lib/lib.go': 'first'});
    const ending = new AbortController();
    const builds = buildsOf(await readProject(dir.path), {compileGo, signal: ending.signal});
    const next = async (): Promise<string> => {
      const {value} = await builds.next();
      return value === undefined ? 'no more builds' : textOf(value);
    };
    expect(await next()).toBe('first');
    await writeFile(dir.join('lib/lib.go'), 'bad');
    expect(await next()).toBe('lib/lib.go:1:1: bad');
    await writeFile(dir.join('lib/.lib.go.swp'), 'second');
    await rename(dir.join('lib/.lib.go.swp'), dir.join('lib/lib.go'));
    expect(await next()).toBe('second');
    ending.abort();
    await builds.return();
  });

  it('is compiled again after a change that was saved while it was compiled', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('lib'));
    await goIn(dir, {'go.mod': 'module hello\n', 'lib/lib.go': 'first'});
    let isFirst = true;
    const slowly: GoCompiler = async (...compilation) => {
      await compileGo(...compilation);
      if (isFirst) await writeFile(dir.join('lib/lib.go'), 'second');
      isFirst = false;
    };
    const ending = new AbortController();
    const texts: string[] = [];
    for await (const build of buildsOf(await readProject(dir.path), {
      compileGo: slowly,
      signal: ending.signal,
    }))
      if (texts.push(textOf(build)) === 2) ending.abort();
    expect(texts).toEqual(['first', 'second']);
  });

  it('is built by the compiler that is passed in', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('lib'));
    await goIn(dir, {'go.mod': 'module hello\n', 'lib/lib.go': 'program'});
    const {signal} = new AbortController();
    await buildProject(await readProject(dir.path), dir.join('out'), {compileGo, signal});
    expect(await readFile(dir.join('out'), 'utf8')).toBe('program');
  });
});

it('the Go compiler runs as the user, so that nothing in its cache must get another owner', async () => {
  await using dir = await tempDir();
  await goIn(dir, {'main.go': 'package main\n'});
  const host = hostOf(() => '[exit code 1]');
  const compile = goCompiler('compiler:1', await demoContext(dir, host));
  const {signal} = new AbortController();
  const compiled = buildProject(await readProject(dir.path), dir.join('out'), {compileGo: compile, signal});
  await expect(compiled).rejects.toMatchObject({errorCode: 'KNI-E222'});
  expect(host.ran).toEqual([expect.stringContaining(` --user ${process.getuid?.()}:${process.getgid?.()} `)]);
});

it('the Go compiler has a cache of its own: the build of the stack does not count it as its own', async () => {
  await using dir = await tempDir();
  await goIn(dir, {'main.go': 'package main\n'});
  const host = hostOf(() => '[exit code 1]');
  const context = await demoContext(dir, host);
  const {signal} = new AbortController();
  const compileGo = goCompiler('compiler:1', context);
  const compiled = buildProject(await readProject(dir.path), dir.join('out'), {compileGo, signal});
  await expect(compiled).rejects.toMatchObject({errorCode: 'KNI-E222'});
  expect(host.ran[0]).toContain(` ${context.dirs.cache}/go-build-runtime:/cache/go-build `);
  expect(await readdir(context.dirs.cache)).not.toContain('go-build');
});

describe('the template', () => {
  const committed = (name: string): Promise<string> => readFile(join(project.templates, 'go', name), 'utf8');
  /** The parts of the proto file that affect the wire format, without the path of the package. */
  const wireOf = ({package: name, messageType, enumType, service}: FileDescriptorProto) => ({
    name,
    messageType,
    enumType,
    service,
  });

  it('has the messages of kni.proto', async () => {
    const [, bytes = ''] =
      /file_kni_proto_rawDesc = \[\]byte\{([^}]*)\}/.exec(await committed('kni/kni.pb.go')) ?? [];
    const numbers = bytes.match(/0x[0-9a-f]{2}/g)?.map(Number) ?? [];
    const inGo = fromBinary(FileDescriptorProtoSchema, Uint8Array.from(numbers));
    expect(inGo.service[0]?.method).toHaveLength(7);
    expect(wireOf(inGo)).toEqual(wireOf(file_kni.proto));
  });

  it('has every file that its README explains, and explains every file', async () => {
    const readme = await committed('README.md');
    const linked = new Set([...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => path));
    const files = (await readdir(join(project.templates, 'go'))).filter(
      (name) => !/README|go\.mod/.test(name),
    );
    expect([...linked].sort()).toEqual(files.sort());
  });
});
