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

/** JSON in an HTML document: no text in it ends the element. */
const embeddable = (json: string): string => json.replaceAll('<', String.raw`\u003c`);

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

/** One file that needs nothing else. `recording` has one JSON object per line. Its policy allows nothing to leave the page. */
export const exportedPage = ({html, script, style}: PageFiles, mode: PageMode, recording: string): string => {
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
  const data = `<script type="application/x-ndjson" id="kni-recording">${embeddable(recording)}</script>`;
  return html
    .replace(slots.style, () => `<style>${style}</style>`)
    .replace(slots.mode, () => `${modeElement(mode)}\n${data}`)
    .replace(slots.script, () => '')
    .replace('<head>', () => `<head>\n<meta http-equiv="Content-Security-Policy" content="${policy}">`)
    .replace('</body>', () => `<script>${code}</script>\n</body>`);
};
