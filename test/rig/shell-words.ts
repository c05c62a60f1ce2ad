/** Splits a command line as a POSIX shell would, without expanding anything: enough to write transcripts. */

const word = /\s*((?:[^\s'"\\]|'[^']*'|"(?:\\.|[^"\\])*"|\\.)+)/gsy;
const part = /'(?<single>[^']*)'|"(?<double>(?:\\.|[^"\\])*)"|\\(?<escaped>.)|(?<plain>[^'"\\]+)/gs;

/** Throws for an open quote. */
export const shellWords = (line: string): readonly string[] => {
  const text = line.trim();
  const words: string[] = [];
  let end = 0;
  for (const match of text.matchAll(word)) {
    words.push(unquoted(match[1] ?? ''));
    end = match.index + match[0].length;
  }
  if (end !== text.length) throw new SyntaxError(`open quote: ${text.slice(end)}`);
  return words;
};

const unquoted = (quoted: string): string =>
  [...quoted.matchAll(part)]
    .map(
      ({groups = {}}) =>
        groups['double']?.replaceAll(/\\(["\\$`])/g, '$1') ??
        groups['single'] ??
        groups['escaped'] ??
        groups['plain'] ??
        '',
    )
    .join('');
