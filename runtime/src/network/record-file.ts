/** The lines of the records' journal: a version first, then what became of which record, the last word counting. */
import type {Attachment} from '../cni/attachment.ts';
import {parseConflist} from '../cni/conflist.ts';
import {arrayOf, isObject, type JsonObject, objectOf, stringOf} from '../json.ts';
import {StateTooNew} from './errors.ts';
import type {PodNetwork, State} from './record.ts';

/** 1 was one file for each record. */
export const stateVersion = 2;
const states: readonly State[] = ['created', 'attaching', 'attached', 'detaching', 'detached'];

export type JournalEntry =
  | {readonly kind: 'version'}
  | {readonly kind: 'config'; readonly name: string; readonly text: string}
  | {readonly kind: 'put'; readonly record: PodNetwork}
  | {readonly kind: 'drop'; readonly key: string};

export const versionLine = JSON.stringify({version: stateVersion});

export const configLine = (name: string, text: string): string => JSON.stringify({config: name, text});

export const dropLine = (key: string): string => JSON.stringify({drop: key});

/** `nameOf` gives the name of a configuration's text. */
export const putLine = (record: PodNetwork, nameOf: (text: string) => string): string => {
  const attachments = record.attachments.map((each) => ({...each, config: nameOf(each.config)}));
  return JSON.stringify({put: {...record, attachments}});
};

/** Throws on anything that was not written here: a record half understood would undo half of a network. */
export const decodeLine = (line: string, textOf: (name: string) => string | undefined): JournalEntry => {
  const entry = objectOf(JSON.parse(line));
  if ('put' in entry) {
    const configOf = (name: string) => {
      const text = textOf(name);
      if (text === undefined) throw new TypeError('the configuration of an attachment is not there');
      return text;
    };
    return {kind: 'put', record: decodeRecord(objectOf(entry['put']), configOf)};
  }
  if ('drop' in entry) return {kind: 'drop', key: required(entry, 'drop')};
  if ('config' in entry) {
    const text = parseConflist(required(entry, 'text')).text;
    return {kind: 'config', name: required(entry, 'config'), text};
  }
  refuseLater(entry['version']);
  return {kind: 'version'};
};

const refuseLater = (version: unknown): void => {
  if (typeof version !== 'number') throw new TypeError('the line says nothing known');
  if (version > stateVersion) {
    throw new StateTooNew(
      `the state on disk is of version ${version}, this network runtime knows ${stateVersion}`,
    );
  }
};

/** A record as version 1 had it, in a file of its own with the texts of its configurations. */
export const decodeFirstVersion = (text: string): PodNetwork => {
  const record: unknown = JSON.parse(text);
  if (!isObject(record)) throw new TypeError('the record is not a JSON object');
  refuseLater(record['version']);
  return decodeRecord(record, (config) => parseConflist(config).text);
};

const decodeRecord = (record: JsonObject, configOf: (config: string) => string): PodNetwork => {
  const pod = objectOf(record['pod']);
  const createdAt = record['createdAt'];
  const sandbox = stringOf(record['sandbox']);
  const request = stringOf(record['request']);
  return {
    key: required(record, 'key'),
    pod: {namespace: required(pod, 'namespace'), name: required(pod, 'name'), uid: required(pod, 'uid')},
    attempt: required(record, 'attempt'),
    netns: required(record, 'netns'),
    state: stateOf(record),
    ...(typeof createdAt === 'number' ? {createdAt} : {}),
    ...(sandbox === undefined ? {} : {sandbox}),
    ...(request === undefined ? {} : {request}),
    attachments: arrayOf(record['attachments']).map((each) => decodeAttachment(objectOf(each), configOf)),
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

const decodeAttachment = (attachment: JsonObject, configOf: (config: string) => string): Attachment => {
  const result = stringOf(attachment['result']);
  if (result !== undefined) JSON.parse(result);
  return {
    network: required(attachment, 'network'),
    ifName: required(attachment, 'ifName'),
    config: configOf(required(attachment, 'config')),
    cniArgs: arrayOf(attachment['cniArgs']).map((pair) => {
      const [key, argument] = arrayOf(pair).map(String);
      return [key ?? '', argument ?? ''] as const;
    }),
    capabilityArgs: objectOf(attachment['capabilityArgs']),
    ...(result === undefined ? {} : {result}),
  };
};

const required = (object: JsonObject, key: string): string => {
  const value = stringOf(object[key]);
  if (value === undefined) throw new TypeError(`the record has no "${key}"`);
  return value;
};
