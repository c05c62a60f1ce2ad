import {expect, it} from 'vitest';
import {countTraces, newTraces, parseTraces} from '../../src/cluster/traces.ts';

const before = parseTraces('netns kni-a-1\nlinks veth1 kni-a-1\naddresses kni/10.244.1.2\nrecords a-1\n');

it('groups the traces by kind', () => {
  expect(before).toEqual({
    netns: ['kni-a-1'],
    links: ['veth1 kni-a-1'],
    addresses: ['kni/10.244.1.2'],
    rules: [],
    records: ['a-1'],
  });
  expect(countTraces(before)).toBe('netns 1, links 1, addresses 1, rules 0, records 1');
});

it('tells what is new, not what is gone', () => {
  const now = parseTraces(
    'netns kni-b-1\nrules :CNI-DN-1 -\nrules -A CNI-DN-1 -p tcp -j DNAT\naddresses kni/10.244.1.2\n',
  );
  expect(newTraces(now, before)).toEqual([
    'netns kni-b-1',
    'rules -A CNI-DN-1 -p tcp -j DNAT',
    'rules :CNI-DN-1 -',
  ]);
  expect(newTraces(before, before)).toEqual([]);
});
