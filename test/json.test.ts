import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {readJson} from '../src/json.ts';

const schema = z.object({nodes: z.array(z.object({name: z.string()}))});
const read = (text: string) => readJson(schema, text, 'the list');

describe('readJson', () => {
  it('returns only the fields of the schema', () => {
    expect(read('{"nodes":[{"name":"a","more":1}],"kind":"List"}')).toEqual({nodes: [{name: 'a'}]});
  });

  it.each([
    ['{"nodes":[{"name":"a"},{}]}', /^cannot read the list: nodes\.1\.name: [^\n]+$/],
    ['[]', /^cannot read the list: [^\n]*expected object[^\n]*$/],
    ['{"nodes":', /^cannot read the list: [^\n]*JSON[^\n]*$/],
    ['', /^cannot read the list: [^\n]*JSON[^\n]*$/],
  ])('says in one line why it cannot read %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
