import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Command} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {quoteCommand, summarizeCommand} from '../../src/host/quote.ts';
import {shellWords} from '../rig/shell-words.ts';

/** No NUL: no program can be given one. */
const word = fc.oneof(
  fc.string({unit: 'binary', maxLength: 20}).map((text) => text.replaceAll('\0', '')),
  fc.string({unit: fc.constantFrom(...`ab '"\\$\`!*?~#&|;<>(){}[]=%^-\n\t`.split(''))}),
);

describe('quoteCommand', () => {
  it.each<[Command, string]>([
    [
      ['docker', ['exec', '-it', 'test1-worker', 'systemctl', 'status', 'kni']],
      'docker exec -it test1-worker systemctl status kni',
    ],
    [['docker', ['info', '--format', '{{.ServerVersion}}']], "docker info --format '{{.ServerVersion}}'"],
    [['echo', ["it's", '']], "echo 'it'\\''s' ''"],
    [['sh', ['-c', 'a && b']], "sh -c 'a && b'"],
    [['env', ['A=b']], 'env A=b'],
    [['A=b', []], "'A=b'"],
    [['my program', []], "'my program'"],
    [['ls', ['~', '*']], "ls '~' '*'"],
  ])('%j', (command, line) => {
    expect(quoteCommand(command)).toBe(line);
  });

  it('means the same to a real shell', async () => {
    const host = localHost();
    await fc.assert(
      fc.asyncProperty(fc.array(word, {minLength: 1, maxLength: 8}), async (words) => {
        const line = quoteCommand(['printf', ['%s\\0', ...words]]);
        const {stdout} = await host.run(['sh', ['-c', line]]);
        expect(stdout.split('\0').slice(0, -1)).toEqual(words);
      }),
      {numRuns: 50},
    );
  });

  it('is read back by the splitter of transcripts', () => {
    fc.assert(
      fc.property(fc.array(word, {minLength: 1}), (words) => {
        expect(shellWords(quoteCommand(['run', words]))).toEqual(['run', ...words]);
      }),
    );
  });
});

describe('summarizeCommand', () => {
  it('is quoteCommand if that is short', () => {
    expect(summarizeCommand(['echo', ['a b']])).toBe("echo 'a b'");
  });

  it('is one line without control characters, and not too long', () => {
    fc.assert(
      fc.property(fc.array(word), fc.integer({min: 10, max: 300}), (words, limit) => {
        const line = summarizeCommand(['run', words], limit);
        expect(line).not.toMatch(/\p{Cc}/u);
        expect(line.length).toBeLessThanOrEqual(limit);
      }),
    );
  });
});
