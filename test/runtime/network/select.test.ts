import {describe, expect, it} from 'vitest';
import type {PodNetworkRecord} from '../../../runtime/src/network/record.ts';
import {createRecordIndex} from '../../../runtime/src/network/record-index.ts';
import {type Selector, selectForAttach, selectForTeardown} from '../../../runtime/src/network/select.ts';

const record = (key: string, fields: Partial<PodNetworkRecord>): PodNetworkRecord => ({
  key,
  pod: {namespace: 'default', name: 'web', uid: 'uid'},
  attempt: '0',
  netns: `/run/netns/kni-${key}`,
  state: 'created',
  attachments: [],
  ...fields,
});
const selector = (fields: Partial<Selector>): Selector => ({
  sandbox: '',
  netns: '',
  uid: '',
  attempt: '',
  namespace: '',
  name: '',
  ...fields,
});

const old = record('old', {sandbox: 'first', state: 'attached'});
const waiting = record('waiting', {});
const other = record('other', {
  pod: {namespace: 'default', name: 'db', uid: 'other'},
  sandbox: 'third',
  state: 'attached',
});
const records = createRecordIndex([old, waiting, other]);

describe('what a request to undo means', () => {
  it.each<[string, Partial<Selector>, PodNetworkRecord | undefined]>([
    ['the sandbox', {sandbox: 'first'}, old],
    ['the sandbox, whatever else is said', {sandbox: 'first', netns: waiting.netns, uid: 'other'}, old],
    ['the netns', {netns: waiting.netns}, waiting],
    [
      'the netns, when its sandbox never came to be attached',
      {netns: waiting.netns, sandbox: 'unknown'},
      waiting,
    ],
    ['nothing, when the netns has another sandbox by now', {netns: old.netns, sandbox: 'unknown'}, undefined],
    [
      'nothing, when the netns is gone, whatever else fits',
      {netns: '/run/netns/kni-gone', uid: 'uid'},
      undefined,
    ],
    [
      'nothing for an unknown sandbox, whatever its pod was',
      {sandbox: 'unknown', uid: 'uid', attempt: '0'},
      undefined,
    ],
    ['of a pod, the one without sandbox', {uid: 'uid', attempt: '0'}, waiting],
    ['of a pod, the only one there is', {uid: 'other'}, other],
    ['nothing, of another attempt', {uid: 'other', attempt: '1'}, undefined],
    [
      'nothing, of another uid, though the name is the same',
      {uid: 'new', namespace: 'default', name: 'web'},
      undefined,
    ],
    ['by name', {namespace: 'default', name: 'db'}, other],
    ['nothing, by a name in another namespace', {namespace: 'kube-system', name: 'db'}, undefined],
    ['nothing, of nothing', {}, undefined],
  ])('is %s', (_, fields, expected) => {
    expect(selectForTeardown(records, selector(fields))).toBe(expected);
  });
});

describe('what a request to attach means', () => {
  it.each<[string, Partial<Selector>, PodNetworkRecord | undefined]>([
    ['the sandbox that is attached already', {sandbox: 'first', netns: waiting.netns}, old],
    ['the netns', {sandbox: 'second', netns: waiting.netns}, waiting],
    [
      'nothing for an unknown netns',
      {sandbox: 'second', netns: '/run/netns/kni-gone', uid: 'uid'},
      undefined,
    ],
    ['the one that waits for a sandbox of this pod', {sandbox: 'second', uid: 'uid', attempt: '0'}, waiting],
    ['the same, by name', {sandbox: 'second', namespace: 'default', name: 'web'}, waiting],
    ['nothing, when none waits', {sandbox: 'second', namespace: 'default', name: 'db'}, undefined],
  ])('is %s', (_, fields, expected) => {
    expect(selectForAttach(records, selector(fields))).toBe(expected);
  });
});
