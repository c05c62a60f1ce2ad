/** The files of a page, as small as possible. */

import type {PageFiles} from '../../../src/dashboard/page-html.ts';

export const smallPage: PageFiles = {
  html: `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <link rel="stylesheet" href="page.css">
    <script type="application/json" id="kni-mode">{"mode":"live"}</script>
    <script defer src="page.js"></script>
  </head>
  <body>
  </body>
</html>
`,
  script: 'const a = "</script><!--";document.title = `${a.length}`;\n',
  style: 'body { color: black }\n',
};

/** Joins the parts of an exported page. */
export const pageText = (parts: Iterable<Buffer>): string => Buffer.concat([...parts]).toString();
