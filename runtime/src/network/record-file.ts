/** The form of a record on disk. */
import type {Attachment} from '../cni/attachment.ts';
import {parseConflist} from '../cni/conflist.ts';
import {arrayOf, isObject, type JsonObject, objectOf, stringOf} from '../json.ts';
import {StateTooNew} from './errors.ts';
import type {PodNetwork, State} from './record.ts';

const version = 1;
const states: readonly State[] = ['created', 'attaching', 'attached', 'detaching', 'detached'];

export const encodeRecord = (record: PodNetwork): string => `${JSON.stringify({version, ...record})}\n`;

/** Throws on anything that `encodeRecord` has not written: a record half understood would undo half of a network. */
export const decodeRecord = (text: string): PodNetwork => {
  const record: unknown = JSON.parse(text);
  if (!isObject(record)) throw new TypeError('the record is not a JSON object');
  if (typeof record['version'] === 'number' && record['version'] > version) {
    throw new StateTooNew(`a record has version ${record['version']}, this network runtime knows ${version}`);
  }
  const pod = objectOf(record['pod']);
  const createdAt = record['createdAt'];
  const sandbox = stringOf(record['sandbox']);
  return {
    key: textOf(record, 'key'),
    pod: {namespace: textOf(pod, 'namespace'), name: textOf(pod, 'name'), uid: textOf(pod, 'uid')},
    attempt: textOf(record, 'attempt'),
    netns: textOf(record, 'netns'),
    state: stateOf(record),
    ...(typeof createdAt === 'number' ? {createdAt} : {}),
    ...(sandbox === undefined ? {} : {sandbox}),
    attachments: arrayOf(record['attachments']).map(decodeAttachment),
  };
};

const stateOf = (record: JsonObject): State => {
  const state = states.find((known) => known === record['state']);
  if (!state) throw new TypeError('the record has no known state');
  const needsSandbox = state === 'attaching' || state === 'attached' || state === 'detaching';
  if (needsSandbox && !stringOf(record['sandbox']))
    throw new TypeError(`the record is ${state} without a sandbox`);
  return state;
};

const decodeAttachment = (value: unknown): Attachment => {
  const attachment = objectOf(value);
  const result = stringOf(attachment['result']);
  if (result !== undefined) JSON.parse(result);
  return {
    network: textOf(attachment, 'network'),
    ifName: textOf(attachment, 'ifName'),
    config: parseConflist(textOf(attachment, 'config')).text,
    cniArgs: arrayOf(attachment['cniArgs']).map((pair) => {
      const [key, argument] = arrayOf(pair).map(String);
      return [key ?? '', argument ?? ''] as const;
    }),
    capabilityArgs: objectOf(attachment['capabilityArgs']),
    ...(result === undefined ? {} : {result}),
  };
};

const textOf = (object: JsonObject, key: string): string => {
  const value = stringOf(object[key]);
  if (value === undefined) throw new TypeError(`the record has no "${key}"`);
  return value;
};
