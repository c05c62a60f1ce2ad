import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {lineReader} from '../../src/host/lines.ts';

const linesOf = (...chunks: readonly string[]): readonly string[] => {
  const lines: string[] = [];
  const reader = lineReader((line) => lines.push(line));
  for (const chunk of chunks) reader.add(chunk);
  reader.end();
  return lines;
};

describe('lineReader', () => {
  it('emits a line as soon as it is complete', () => {
    const lines: string[] = [];
    const reader = lineReader((line) => lines.push(line));
    reader.add('on');
    expect(lines).toEqual([]);
    reader.add('e\ntw');
    expect(lines).toEqual(['one']);
  });

  it.each([
    ['empty lines', 'a\n\nb\n', ['a', '', 'b']],
    ['a last line without its end', 'a\nb', ['a', 'b']],
    ['line ends of Windows and terminals', 'a\r\nb\r\n', ['a', 'b']],
    ['the last state of a progress bar', '10%\r50%\r100%\n', ['100%']],
    ['the last state of a progress bar that ends with its carriage return', '10%\r100%\r', ['100%']],
    ['nothing', '', []],
  ])('knows %s', (_, text, lines) => {
    expect(linesOf(text)).toEqual(lines);
  });

  it('does not depend on where the chunks end', () => {
    fc.assert(
      fc.property(fc.array(fc.string({unit: fc.constantFrom('a', 'b', '\n', '\r')})), (chunks) => {
        expect(linesOf(...chunks)).toEqual(linesOf(chunks.join('')));
      }),
    );
  });
});
