/** The medians as a picture: a group of bars for each RPC, all on one scale. */
import type {Figures} from './report.ts';
import {rpcOf, steps} from './subject.ts';

const [left, right, barHeight, gap] = [150, 90, 14, 12];
const width = 760;
const colors = ['#8a929b', '#2f7ed8', '#d98324'];

export const chartOf = ({cycles, floor, runtimes}: Figures): string => {
  const subjects = [floor, ...runtimes];
  const longest = Math.max(
    ...subjects.flatMap(({steps: medians}) => Object.values(medians).map(({median}) => median)),
  );
  const scale = (width - left - right) / longest;
  const lines: string[] = [];
  const text = (x: number, y: number, content: string, more = '') =>
    lines.push(`<text x="${x}" y="${y}" ${more}>${escaped(content)}</text>`);
  const bar = (x: number, y: number, length: number, color: string) =>
    lines.push(
      `<rect x="${x}" y="${y}" width="${Math.max(1, length).toFixed(1)}" height="${barHeight - 2}" fill="${color}"/>`,
    );

  let y = 16;
  text(8, y, `Median in ms, ${cycles} pods one after the other; shorter is better`, 'font-weight="bold"');
  y += 12;
  subjects.forEach(({name}, index) => {
    bar(left + index * 180, y, 12, colors[index] ?? '#000');
    text(left + index * 180 + 18, y + 10, name);
  });
  y += barHeight + gap;
  for (const step of steps) {
    const timed = subjects.flatMap(({steps: {[step]: summary}}, index) =>
      summary ? [{median: summary.median, color: colors[index] ?? '#000'}] : [],
    );
    text(left - 8, y + (timed.length * barHeight) / 2 + 4, rpcOf[step], 'text-anchor="end"');
    for (const {median, color} of timed) {
      bar(left, y, median * scale, color);
      text(left + median * scale + 6, y + 10, median.toFixed(2));
      y += barHeight;
    }
    y += gap;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${y}" fill="#fff"/>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
};

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
