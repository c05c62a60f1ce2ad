import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {plainText} from '../../../runtime/src/cni/plain-text.ts';

describe('a plain text', () => {
  it.each([
    ['no address left', 'no address left'],
    ['first\n\tsecond\r\n', 'first second'],
    ['\u001b[31mred\u001b[0m\0', '[31mred [0m'],
    ['a\u2028b\u2029c\u0085d', 'a b c d'],
    ['abc\u202efdp.exe', 'abc fdp.exe'],
    ['half \ud83d of a pair', 'half of a pair'],
    ['é 🙂 漢', 'é 🙂 漢'],
  ])('of %j is %j', (text, expected) => {
    expect(plainText(text)).toBe(expected);
  });

  it('keeps the start or the end of long text, and does not cut a character in two', () => {
    const long = `start ${'🙂'.repeat(2000)} end`;
    expect(plainText(long)).toMatch(/^start 🙂+…$/u);
    expect(plainText(long, 'end')).toMatch(/^…🙂+ end$/u);
    expect(Array.from(plainText(long))).toHaveLength(1024);
    expect(Array.from(plainText(long, 'end'))).toHaveLength(1024);
    expect(plainText('x'.repeat(1024))).toBe('x'.repeat(1024));
  });

  it('of anything can be sent, and is as it stays', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary', maxLength: 3000}), (text) => {
        const plain = plainText(text);
        expect(() => encodeURI(plain)).not.toThrow();
        expect(Array.from(plain).length).toBeLessThanOrEqual(1024);
        expect(plainText(plain)).toBe(plain);
      }),
    );
  });
});
