/** Lays out the JSON of requests and responses for people. Pure. */

import {visibleText} from './text.ts';

/** Letters of a line. */
const width = 40;

/** Values that fit are on one line: `{"ip": ["10.244.1.2"]}`. A text that is not JSON, because it was cut, keeps its layout. */
export const readableJson = (text: string): string => {
  try {
    return visibleText(layOut(JSON.parse(text), '', 0));
  } catch {
    return visibleText(text);
  }
};

export interface JsonLine {
  /** Number of blanks at its beginning. */
  readonly indent: number;
  /** With its quotes; empty for a line without one. */
  readonly key: string;
  readonly rest: string;
}

/** A key has the quotes of JSON and a colon after it. */
const keyed = /^(?<key> *"(?:[^"\\]|\\.)*")(?<rest>: .*)$/;

export const linesOf = (json: string): readonly JsonLine[] =>
  json.split('\n').map((line) => {
    const {key = '', rest = line} = keyed.exec(line)?.groups ?? {};
    return {indent: line.length - line.trimStart().length, key, rest};
  });

/** `taken` is the number of letters before and after the value on its first line. */
const layOut = (value: unknown, indent: string, taken: number): string => {
  const line = inLine(value);
  if (typeof value !== 'object' || value === null || indent.length + taken + line.length <= width)
    return line;
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((each) => layOut(each, deeper, 1))
    : Object.entries(value).map(([key, each]) => {
        const name = `${JSON.stringify(key)}: `;
        return name + layOut(each, deeper, name.length + 1);
      });
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${parts.map((part) => deeper + part).join(',\n')}\n${indent}${close}`;
};

const inLine = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(inLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${inLine(each)}`)
    .join(', ')}}`;
};
