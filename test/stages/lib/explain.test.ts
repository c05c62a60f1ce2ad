import {describe, expect, it} from 'vitest';
import {UserError} from '../../../src/errors.ts';
import {CommandError} from '../../../src/host/command-error.ts';
import {explain, explainTree} from '../../../src/stages/lib/explain.ts';

const failed = (...lines: readonly string[]): CommandError =>
  new CommandError(['docker', ['run', 'x']], {
    reason: 'exit code 100',
    output: lines.join('\n'),
    exitStatus: 100,
  });
const thrownBy = (work: () => never): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};
const explained = (...lines: readonly string[]): unknown => thrownBy(() => explain(failed(...lines)));

describe('explain', () => {
  const noAnswer = 'a download failed: the server does not answer';
  const lacks = 'a download failed: the mirror or registry does not have it';

  it.each([
    [
      'apt without a network, which complains about the package too',
      [
        "W: Failed to fetch http://mirror.example/debian/dists/bookworm/InRelease  Temporary failure resolving 'mirror.example'",
        'W: Some index files failed to download. They have been ignored, or old ones used instead.',
        'E: Unable to locate package gcc',
        "The command '/bin/sh -c apt-get -qq update' returned a non-zero code: 100",
      ],
      noAnswer,
      "W: Failed to fetch http://mirror.example/debian/dists/bookworm/InRelease  Temporary failure resolving 'mirror.example'",
    ],
    [
      'apt whose mirror is down',
      [
        'E: Failed to fetch http://mirror.example/x.deb  Could not connect to mirror.example:80 (127.0.0.1). - connect (111: Connection refused)',
      ],
      noAnswer,
      /^E: Failed to fetch/,
    ],
    [
      'apt where a package is gone',
      ['E: Failed to fetch http://mirror.example/x.deb  404  Not Found [IP: 10.0.0.1 80]'],
      lacks,
      /404/,
    ],
    ['apt without a source package', ['E: Unable to find a source package for kind'], lacks, /kind/],
    ['apt where the version changed', ["E: Version '1.0' for 'kind' was not found"], lacks, /1\.0/],
    [
      'apt whose clock is wrong',
      ['E: Release file for http://mirror.example/InRelease is not valid yet (invalid for another 2h)'],
      lacks,
      /not valid yet/,
    ],
    [
      'npm without a network',
      [
        'npm error code ENOTFOUND',
        'npm error errno ENOTFOUND',
        'npm error network request to https://mirror.example/x failed, reason: getaddrinfo ENOTFOUND mirror.example',
      ],
      noAnswer,
      'npm error code ENOTFOUND',
    ],
    ['an old npm', ['npm ERR! code ETIMEDOUT'], noAnswer, 'npm ERR! code ETIMEDOUT'],
    [
      'npm without the package',
      ['npm error code E404', 'npm error 404 Not Found - GET https://mirror.example/x'],
      lacks,
      /E404/,
    ],
    [
      'a full disk',
      ['main.go:1: note', 'cp: error writing: No space left on device'],
      'the disk is full',
      'cp: error writing: No space left on device',
    ],
    [
      'a full disk below apt',
      ['E: Failed to fetch http://mirror.example/x.deb  write - write (28: No space left on device)'],
      'the disk is full',
      /No space left/,
    ],
  ])('knows %s', (_, lines, what, why) => {
    const error = explained(...lines);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      what,
      why: expect.stringMatching(why),
      tryThis: expect.stringMatching(/run the same command again/),
      cause: {name: 'CommandError'},
    });
  });

  it.each([
    ['a compiler', 'pkg/kubelet/kni/client.go:404:12: undefined: Connection refused'],
    ['a test with such output', '    client_test.go:10: Failed to fetch: E404'],
    ['an unrelated warning', 'W: Download is performed unsandboxed as root'],
    ['nothing', ''],
  ])('leaves alone what %s says', (_, line) => {
    expect(explained(line)).toBeInstanceOf(CommandError);
  });

  it('leaves alone what is explained, cancelled, or no command', () => {
    const clear = new UserError({code: 'KNI-E100', what: 'a', why: 'b', tryThis: 'c'});
    const cancelled = new CommandError(['a', []], {reason: 'cancelled', output: 'E: Failed to fetch x'});
    for (const error of [clear, cancelled, new TypeError('a bug'), 'text']) {
      expect(thrownBy(() => explain(error))).toBe(error);
    }
  });
});

describe('explainTree', () => {
  const patchExplained = (...lines: readonly string[]): unknown =>
    thrownBy(() => explainTree(failed(...lines)));

  it('names the patch and the hunks that failed', () => {
    expect(
      patchExplained(
        'checking file pkg/a.go',
        '1 out of 2 hunks FAILED -- saving rejects to file pkg/a.go.rej',
        'patch does not apply: 0002-kubelet.patch of kubernetes',
      ),
    ).toMatchObject({
      name: 'UserError',
      what: 'patch does not apply: 0002-kubelet.patch of kubernetes',
      why: '1 out of 2 hunks FAILED -- saving rejects to file pkg/a.go.rej',
      tryThis: expect.stringContaining('the tree was not kept'),
    });
  });

  it('points to the log if patch said nothing of use', () => {
    expect(patchExplained('patch does not apply: 0001-a.patch of containerd')).toMatchObject({
      why: 'see the log',
    });
  });

  it('tells which Go is wanted', () => {
    expect(
      patchExplained('Go does not fit: kubernetes requires Go 1.26 (go.mod), but Go 1.19.8 is installed'),
    ).toMatchObject({
      name: 'UserError',
      what: 'the source cannot be built here',
      why: 'kubernetes requires Go 1.26 (go.mod), but Go 1.19.8 is installed',
    });
  });

  it('leaves alone what is about no patch', () => {
    expect(patchExplained('tar: /out: Cannot open: Permission denied')).toBeInstanceOf(CommandError);
    const bug = new TypeError('patch does not apply: x');
    expect(thrownBy(() => explainTree(bug))).toBe(bug);
  });
});
