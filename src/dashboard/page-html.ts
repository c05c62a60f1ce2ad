/**
 * Makes HTML from the files of the page. `npm run build` writes index.html, page.js and page.css to dist/page. index.html has these
 * three elements, which are filled or replaced:
 *
 *     <link rel="stylesheet" href="page.css">
 *     <script type="application/json" id="kni-mode">{"mode":"live"}</script>
 *     <script defer src="page.js"></script>
 */

import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {PageMode} from './feed.ts';

export interface PageFiles {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

const slots = {
  style: '<link rel="stylesheet" href="page.css">',
  mode: '<script type="application/json" id="kni-mode">{"mode":"live"}</script>',
  script: '<script defer src="page.js"></script>',
} as const;

/** Rejects when a file is missing or an element is not in index.html. */
export const readPageFiles = async (directory: string): Promise<PageFiles> => {
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  const html = await read('index.html');
  for (const slot of Object.values(slots))
    if (html.split(slot).length !== 2) throw new Error(`index.html must have ${slot} once`);
  return {html, script: await read('page.js'), style: await read('page.css')};
};

const escaped = String.raw`\u003c`;
/** JSON in an HTML document: no text in it ends the element. */
const embeddable = (json: string): string => json.replaceAll('<', escaped);

const modeElement = (mode: PageMode): string =>
  slots.mode.replace('{"mode":"live"}', () => embeddable(JSON.stringify(mode)));

/** The page as the server sends it. */
export const servedPage = ({html}: PageFiles, mode: PageMode): string =>
  html.replace(slots.mode, () => modeElement(mode));

/** Allows only files of this server. Data in elements is not executed, so it needs no permission. */
export const servedPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Bytes of a recording that become text at a time. */
const chunk = 2 ** 20;

/**
 * One file that needs nothing else, in parts: as one text, it may be longer than a text can be. `recording` has one JSON object per
 * line, in UTF-8. The policy of the page allows nothing to leave it.
 */
export function* exportedPage(
  {html, script, style}: PageFiles,
  mode: PageMode,
  recording: Buffer,
): Generator<Buffer> {
  // Both would change where the element ends. esbuild prints neither outside of strings.
  const code = script.replaceAll(/<(?=\/script|!--)/gi, String.raw`\x3c`);
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(code)}`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const filled = (part: string): string =>
    part
      .replace(slots.style, () => `<style>${style}</style>`)
      .replace(slots.script, () => '')
      .replace('<head>', () => `<head>\n<meta http-equiv="Content-Security-Policy" content="${policy}">`)
      .replace('</body>', () => `<script>${code}</script>\n</body>`);
  const [before = '', after = ''] = html.split(slots.mode);
  const opening = '<script type="application/x-ndjson" id="kni-recording">';
  yield Buffer.from(`${filled(before)}${modeElement(mode)}\n${opening}`);
  for (let from = 0; from < recording.length; from += chunk)
    // A byte is a character here, because < has one byte in UTF-8.
    yield Buffer.from(embeddable(recording.toString('latin1', from, from + chunk)), 'latin1');
  yield Buffer.from(`</script>${filled(after)}`);
}

/** Bytes of a recording in a page. */
export const embeddedSize = (recording: Buffer): number => {
  let size = recording.length;
  for (let at = recording.indexOf('<'); at >= 0; at = recording.indexOf('<', at + 1))
    size += escaped.length - 1;
  return size;
};
