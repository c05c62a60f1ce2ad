import {describe, expect, it} from 'vitest';
import {manifestText, parseManifest} from '../../src/networks/manifest.ts';

const configMap = (data: string): string => `
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data: ${data}
`;
const dataOf = (text: string): unknown => parseManifest(text)[0]?.['data'];

describe('parseManifest', () => {
  it('reads YAML as kubectl does', () => {
    expect(
      dataOf(configMap('{mode: 0644, quoted: "0644", text: "yes", bool: no, day: 2026-11-28, ports: 1:30}')),
    ).toEqual({
      mode: 0o644,
      quoted: '0644',
      text: 'yes',
      bool: false,
      day: '2026-11-28',
      ports: '1:30',
    });
  });

  it('takes several documents, empty ones, lists in lists and Windows line ends', () => {
    const item = (name: string): string => `{apiVersion: v1, kind: Secret, metadata: {name: ${name}}}`;
    const list = `{apiVersion: v1, kind: List, items: [${item('b')}, {kind: SecretList, items: [${item('c')}]}]}`;
    const text = `# a comment\n---\n${item('a')}\n---\n\n---\n${list}\n`;
    const names = parseManifest(text.replaceAll('\n', '\r\n')).map(({metadata}) => metadata.name);
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['a web page', '\n<!DOCTYPE html>\n<html></html>', /^it is a web page/],
    ['text that is not YAML', 'a: [', /^Flow sequence .* at line 1, column 5$/],
    ['a key that appears twice', 'a: 1\na: 2', /^Map keys must be unique at line 2, column 1$/],
    ['no objects', '---\n---\n', /^it has no objects$/],
    [
      'an object without a name',
      '{apiVersion: v1, kind: Secret}',
      /^object 1 has no apiVersion, kind or name$/,
    ],
  ])('refuses %s', (_, text, reason) => {
    expect(() => parseManifest(text)).toThrow(reason);
  });
});

describe('manifestText', () => {
  it('keeps strings that YAML would read as other values', () => {
    const data = '{a: "yes", b: "0644", c: "1e3", d: "2026-11-28", e: "~"}';
    const again = parseManifest(manifestText(parseManifest(configMap(data))));
    expect(again).toEqual(parseManifest(configMap(data)));
    expect(manifestText(again)).toContain('"data":{"a":"yes","b":"0644","c":"1e3","d":"2026-11-28","e":"~"}');
  });
});
