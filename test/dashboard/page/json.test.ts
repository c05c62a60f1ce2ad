import {describe, expect, it} from 'vitest';
import {linesOf, readableJson} from '../../../src/dashboard/page/model/json.ts';

describe('readable JSON', () => {
  it('has short values on one line, and each member of long ones on its own', () => {
    const address = {ip: ['10.244.1.2'], mac: '2e:0d:2b:9b:96:3c'};
    const response = {
      ipconfigs: {eth0: address, net1: {mtu: 1450}},
      extradata: {},
      dns: null,
      up: true,
    };
    expect(readableJson(JSON.stringify(response))).toBe(
      `{
  "ipconfigs": {
    "eth0": {
      "ip": ["10.244.1.2"],
      "mac": "2e:0d:2b:9b:96:3c"
    },
    "net1": {"mtu": 1450}
  },
  "extradata": {},
  "dns": null,
  "up": true
}`,
    );
    expect(readableJson('{}')).toBe('{}');
  });

  it('breaks long lists, and keeps long texts whole', () => {
    const long = 'a'.repeat(70);
    expect(readableJson(JSON.stringify([1, long]))).toBe(`[\n  1,\n  "${long}"\n]`);
  });

  it('is the text itself if that was cut', () => {
    expect(readableJson('{"name": "we…')).toBe('{"name": "we…');
  });

  it('shows characters that would hide or reorder others', () => {
    expect(readableJson('{"a\u202eb": "\\u0000\\ud800"}')).toBe(String.raw`{"a\u202eb": "\u0000\ud800"}`);
    expect(readableJson('{"cut": "\u202e…')).toBe(String.raw`{"cut": "\u202e…`);
  });

  it('has lines with their keys', () => {
    expect(linesOf('{\n  "a\\": b": {"c": 1},\n  "text: more"\n}')).toEqual([
      {indent: 0, key: '', rest: '{'},
      {indent: 2, key: '  "a\\": b"', rest: ': {"c": 1},'},
      {indent: 2, key: '', rest: '  "text: more"'},
      {indent: 0, key: '', rest: '}'},
    ]);
  });
});
