import {describe, expect, it} from 'vitest';
import {fakeHost, UnexpectedCommand} from './fake-host.ts';
import {shellWords} from './shell-words.ts';
import {parseTranscript} from './transcript.ts';

describe('shellWords', () => {
  it.each([
    ['docker info', ['docker', 'info']],
    [`docker info --format '{{.ServerVersion}}'`, ['docker', 'info', '--format', '{{.ServerVersion}}']],
    [`echo "a b" 'it'\\''s' ""`, ['echo', 'a b', "it's", '']],
    [`echo "say \\"hi\\"" a\\ b`, ['echo', 'say "hi"', 'a b']],
    ['  ls   -l  ', ['ls', '-l']],
    ['', []],
  ])('splits %j', (line, words) => {
    expect(shellWords(line)).toEqual(words);
  });

  it('refuses an open quote', () => {
    expect(() => shellWords(`echo 'a`)).toThrow('open quote');
  });
});

describe('parseTranscript', () => {
  it('reads commands, both outputs and failures', () => {
    expect(
      parseTranscript(`
        $ kind get clusters
        test1
        other

        $ docker inspect missing
        []
        2> Error: No such object: missing
        [exit code 1]
        $ true
      `),
    ).toEqual([
      {command: ['kind', 'get', 'clusters'], stdout: 'test1\nother', stderr: ''},
      {
        command: ['docker', 'inspect', 'missing'],
        stdout: '[]',
        stderr: 'Error: No such object: missing',
        failure: 'exit code 1',
      },
      {command: ['true'], stdout: '', stderr: ''},
    ]);
  });

  it('reads what a command must be given', () => {
    const [exchange] = parseTranscript(`
      $ kubectl apply -f - <<END
      kind: Pod
        indented: true
      END
      pod/a created
    `);
    expect(exchange).toEqual({
      command: ['kubectl', 'apply', '-f', '-'],
      input: 'kind: Pod\n  indented: true\n',
      stdout: 'pod/a created',
      stderr: '',
    });
  });

  it('refuses output that belongs to no command', () => {
    expect(() => parseTranscript('docker info')).toThrow('not a command: docker info');
  });
});

describe('fakeHost', () => {
  it('answers as the transcript says, in any order it is asked', async () => {
    using host = fakeHost(`
      $ first
      1
      $ second
      2
    `);
    const lines: string[] = [];
    expect((await host.run(['second', []], {onLine: (line) => lines.push(line)})).stdout).toBe('2');
    expect((await host.run(['first', []])).stdout).toBe('1');
    expect(lines).toEqual(['2']);
    expect(host.ran).toEqual(['second', 'first']);
  });

  it('plays equal commands one after the other', async () => {
    using host = fakeHost(`
      $ ready
      no
      $ ready
      yes
    `);
    expect((await host.run(['ready', []])).stdout).toBe('no');
    expect((await host.run(['ready', []])).stdout).toBe('yes');
  });

  it('fails as the transcript says', async () => {
    using host = fakeHost(`
      $ docker info
      2> cannot connect
      [exit code 1]
    `);
    await expect(host.run(['docker', ['info']])).rejects.toMatchObject({
      name: 'CommandError',
      message: 'exit code 1: docker info',
      output: 'cannot connect',
      exitStatus: 1,
    });
  });

  it('throws on a surprise, and again at the end if the surprise was swallowed', async () => {
    const host = fakeHost('$ expected');
    await expect(host.run(['rm', ['-rf', '/']])).rejects.toThrow(UnexpectedCommand);
    expect(() => host.verify()).toThrow(
      'unexpected command:\n  $ rm -rf /\nexpected, in any order:\n  $ expected',
    );
  });

  it('complains about what was never run', () => {
    expect(() => fakeHost('$ docker info').verify()).toThrow('never run: docker info');
  });

  it('compares the input if the transcript has one', async () => {
    const host = fakeHost(`
      $ cat <<END
      right
      END
    `);
    await expect(host.run(['cat', []], {input: 'wrong\n'})).rejects.toThrow('with input:\nwrong');
    await expect(host.run(['cat', []], {input: 'right\n'})).resolves.toEqual({stdout: '', stderr: ''});
  });
});
