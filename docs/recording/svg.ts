/** Turns the frames of a terminal into one animated SVG. Each line is drawn once for all frames that show it. */

import type {Line} from './screen.ts';

export interface Frame {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly lines: readonly Line[];
}

interface Shown {
  readonly row: number;
  readonly line: Line;
  readonly from: number;
  /** Exclusive; the number of frames for what the last frame shows. */
  until: number;
}

const cell = {width: 8.4, height: 18};
const margin = 16;

const colors = {
  black: '#6e7681',
  red: '#ff7b72',
  green: '#56d364',
  yellow: '#e3b341',
  blue: '#79c0ff',
  magenta: '#d2a8ff',
  cyan: '#76e3ea',
  white: '#f0f6fc',
};

/** The last frame stays for so long before the recording starts again. */
const pause = 8;

export const svgOf = (
  frames: readonly Frame[],
  {columns, rows, title}: {columns: number; rows: number; title: string},
): string => {
  const width = columns * cell.width + 2 * margin;
  const height = rows * cell.height + 2 * margin;
  const seconds = (frames.at(-1)?.at ?? 0) + pause;
  const shown = shownIn(frames, rows);
  const spans = [...new Set(shown.map(spanOf))];
  const when = (frame: number): string => `${(((frames[frame]?.at ?? seconds) / seconds) * 100).toFixed(2)}%`;
  const keyframes = spans.map((span) => {
    const [from = 0, until = 0] = span.slice(1).split('_').map(Number);
    const end = until === frames.length ? '' : `${when(until)}{opacity:0}`;
    const start = from === 0 ? '0%{opacity:1}' : `0%{opacity:0}${when(from)}{opacity:1}`;
    return `@keyframes ${span}{${start}${end}}.${span}{animation-name:${span}}`;
  });
  // Without animation the last frame is shown.
  const style = [
    'text{font:14px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#c9d1d9;white-space:pre}',
    `g{animation:${seconds.toFixed(1)}s step-end infinite;opacity:0}.last{opacity:1}`,
    ...Object.entries(colors).map(([name, color]) => `.${name}{fill:${color}}`),
    '.bold{font-weight:bold}.dim{fill:#8b949e}',
    ...keyframes,
    '@media(prefers-reduced-motion:reduce){g{animation:none}}',
  ];
  const groups = spans.map((span) => {
    const texts = shown.filter((each) => spanOf(each) === span).map(({row, line}) => textOf(line, row));
    const last = Number(span.split('_')[1]) === frames.length ? ' last' : '';
    return `<g class="${span}${last}">${texts.join('')}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" xml:space="preserve">`,
    `<title>${xml(title)}</title>`,
    `<style>${style.join('')}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117" stroke="#30363d"/>`,
    ...groups,
    '</svg>\n',
  ].join('\n');
};

const spanOf = ({from, until}: Shown): string => `k${from}_${until}`;

const shownIn = (frames: readonly Frame[], rows: number): readonly Shown[] => {
  const all: Shown[] = [];
  for (let row = 0; row < rows; row += 1) {
    let [key, current]: [string?, Shown?] = [];
    for (const [index, {lines}] of frames.entries()) {
      const line = lines[row] ?? [];
      if (current && JSON.stringify(line) === key) {
        current.until = index + 1;
        continue;
      }
      current = {row, line, from: index, until: index + 1};
      key = JSON.stringify(line);
      all.push(current);
    }
  }
  return all.filter(({line}) => line.some(({char}) => char !== ' '));
};

/** Runs of cells of one style. `textLength` keeps the columns of long runs in any font. */
const textOf = (line: Line, row: number): string => {
  const runs: {text: string; style: string; column: number}[] = [];
  for (const [column, {char, style}] of line.entries()) {
    const last = runs.at(-1);
    if (last && last.style === style) last.text += char;
    else runs.push({text: char, style, column});
  }
  const y = margin + (row + 0.75) * cell.height;
  return runs
    .filter(({text}) => text.trim() !== '')
    .map(({text, style, column}) => {
      const indent = text.length - text.trimStart().length;
      const visible = text.trim();
      const x = (margin + (column + indent) * cell.width).toFixed(1);
      const length = visible.length > 20 ? ` textLength="${(visible.length * cell.width).toFixed(1)}"` : '';
      const classes = style === '' ? '' : ` class="${style}"`;
      return `<text x="${x}" y="${y}"${length}${classes}>${xml(visible)}</text>`;
    })
    .join('');
};

const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
