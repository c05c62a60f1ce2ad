import {createHash} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {runInNewContext} from 'node:vm';
import {describe, expect, it} from 'vitest';
import {embeddedSize, exportedPage, readPageFiles, servedPage} from '../../src/dashboard/page-html.ts';
import {pageText, smallPage} from '../rig/dashboard/page.ts';
import {tempDir} from '../rig/temp-dir.ts';

const recording = `{"type":"start"}\n{"type":"log","msg":"</script><script>alert(1)</script><!--"}\n`;
const html = pageText(exportedPage(smallPage, {mode: 'replay', speed: 2}, Buffer.from(recording)));

/** The text of the elements of this name: their beginning and end as a browser finds them. */
const elements = (name: string): readonly string[] =>
  [...html.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^]*?)</${name}`, 'g'))].map(([, text = '']) => text);

const hash = (text: string | undefined) =>
  `'sha256-${createHash('sha256')
    .update(text ?? '')
    .digest('base64')}'`;

describe('an exported page', () => {
  it('needs no other file', () => {
    expect(html).not.toMatch(/ src=| href=/);
    expect(elements('style')).toEqual([smallPage.style]);
  });

  it('allows exactly its own script and style, and no request', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]?.split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      `script-src ${hash(elements('script').at(-1))}`,
      `style-src ${hash(elements('style')[0])}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    // The policy does not restrict elements before it.
    expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style'));
  });

  it('contains the recording as data that cannot become a script', () => {
    const [mode, data, code, ...more] = elements('script');
    expect(more).toEqual([]);
    expect(JSON.parse(mode ?? '')).toEqual({mode: 'replay', speed: 2});
    expect(
      data
        ?.trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(
      recording
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    expect(data).not.toContain('<');
    // The script means what it meant.
    const document = {title: ''};
    runInNewContext(code ?? '', {document});
    expect(document.title).toBe(String('</script><!--'.length));
  });
});

describe('the recording in an exported page', () => {
  const page = (text: string) =>
    pageText(exportedPage(smallPage, {mode: 'replay', speed: 1}, Buffer.from(text)));
  const embedded = (text: string) => /id="kni-recording">([^]*?)<\/script>/.exec(page(text))?.[1] ?? '';

  it('is the same after a place where two parts meet, also within a character', () => {
    for (const shift of [0, 1, 2]) {
      const text = JSON.stringify('x'.repeat(shift) + '数<'.repeat(600_000));
      expect(JSON.parse(embedded(text)) === JSON.parse(text)).toBe(true);
      expect(embeddedSize(Buffer.from(text))).toBe(Buffer.byteLength(embedded(text)));
    }
  });
});

describe('the files of the page', () => {
  it('are read, and must have the places that are filled', async () => {
    await using dir = await tempDir();
    const write = (text: string) => writeFile(dir.join('index.html'), text);
    await write(smallPage.html);
    await writeFile(dir.join('page.js'), smallPage.script);
    await writeFile(dir.join('page.css'), smallPage.style);
    const files = await readPageFiles(dir.path);
    expect(files).toEqual(smallPage);
    expect(servedPage(files, {mode: 'live'})).toBe(smallPage.html);
    await write(smallPage.html.replace('page.css', 'other.css'));
    await expect(readPageFiles(dir.path)).rejects.toThrow(
      'index.html must have <link rel="stylesheet" href="page.css"> once',
    );
  });
});
