import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {rawElements, rawMembers, rawObject} from '../../../runtime/src/cni/raw-json.ts';

describe('raw JSON', () => {
  it('keeps numbers that JavaScript cannot hold, and the way that strings are written', () => {
    const members = rawMembers(
      '{ "big" : 9007199254740993 , "text":"\\u00e9,\\"}", "deep":{"a":[1,{"b":2}]} }',
    );
    expect([...members]).toEqual([
      ['big', '9007199254740993'],
      ['text', '"\\u00e9,\\"}"'],
      ['deep', '{"a":[1,{"b":2}]}'],
    ]);
  });

  it('takes the last of repeated keys, as JSON.parse does', () => {
    expect(rawMembers('{"a":1,"a":2}').get('a')).toBe('2');
  });

  it('reads keys that need escaping', () => {
    expect([...rawMembers('{"a\\"b:":1}').keys()]).toEqual(['a"b:']);
  });

  it.each(['[]', '[ ]', '{}', ' { } '])('finds nothing in %j', (text) => {
    expect(text.includes('[') ? rawElements(text) : [...rawMembers(text)]).toEqual([]);
  });

  it('takes any object apart and puts it together again', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(undefined, 2),
        (object, indent) => {
          const text = JSON.stringify(object, null, indent);
          expect(JSON.parse(rawObject(rawMembers(text)))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('takes any array apart', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (array) => {
        const text = JSON.stringify(array);
        expect(rawElements(text).map((element) => JSON.parse(element) as unknown)).toEqual(JSON.parse(text));
      }),
    );
  });
});
