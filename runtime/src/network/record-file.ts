/** The journal's lines: a version first, then what happened to each record. Later lines replace earlier ones. */
import type {Attachment} from '../cni/attachment.ts';
import {parseConflist} from '../cni/conflist.ts';
import {isObject, type JsonObject, objectOf, stringOf} from '../lib/json.ts';
import {StateTooNew} from './errors.ts';
import {type PodNetworkRecord, states} from './record.ts';

/** Version 1 had one file for each record. */
export const stateVersion = 2;

export type JournalEntry =
  | {readonly kind: 'version'}
  | {readonly kind: 'config'; readonly name: string; readonly text: string}
  | {readonly kind: 'put'; readonly record: PodNetworkRecord}
  | {readonly kind: 'drop'; readonly key: string};

export const versionLine = JSON.stringify({version: stateVersion});

export const configLine = (name: string, text: string): string => JSON.stringify({config: name, text});

export const dropLine = (key: string): string => JSON.stringify({drop: key});

/**
 * A record's line names its configurations instead of repeating their texts. The attachments follow after a tab, because
 * version 2 has written them so from the start.
 */
export const putLine = (
  {attachments, ...put}: PodNetworkRecord,
  nameOfConfig: (text: string) => string,
): string => {
  if (attachments.length === 0) return JSON.stringify({put});
  const named = attachments.map((each) => ({...each, config: nameOfConfig(each.config)}));
  const configs = [...new Set(named.map(({config}) => config))];
  return `${JSON.stringify({put, configs})}\t${JSON.stringify(named)}`;
};

/** Returns the text of the configuration with this name in the journal. */
export type ConfigNamed = (name: string) => string | undefined;

/** Throws on anything unknown: a partly understood record would get only a partial cleanup. */
export const decodeLine = (line: string, configNamed: ConfigNamed): JournalEntry => {
  const [head = '', attachments] = line.split('\t', 2);
  const entry = objectOf(JSON.parse(head));
  if ('put' in entry) return {kind: 'put', record: decodePut(entry['put'], attachments, configNamed)};
  if ('drop' in entry) return {kind: 'drop', key: required(entry, 'drop')};
  if ('config' in entry) {
    const text = parseConflist(required(entry, 'text')).text;
    return {kind: 'config', name: required(entry, 'config'), text};
  }
  refuseLaterVersion(entry['version']);
  return {kind: 'version'};
};

const decodePut = (
  put: unknown,
  attachments: string | undefined,
  configNamed: ConfigNamed,
): PodNetworkRecord => {
  const head = objectOf(put);
  assertRecordHead(head);
  if (attachments === undefined) return {...head, attachments: []};
  const configOf = (name: string): string => {
    const config = configNamed(name);
    if (config === undefined) throw new TypeError('the configuration of an attachment is missing');
    return config;
  };
  return {...head, attachments: decodeAttachments(JSON.parse(attachments), configOf)};
};

const refuseLaterVersion = (version: unknown): void => {
  if (typeof version !== 'number') throw new TypeError('unrecognized journal entry');
  if (version > stateVersion) {
    throw new StateTooNew(
      `the state on disk has version ${version}; this network runtime reads up to version ${stateVersion}`,
    );
  }
};

/** Decodes a record of version 1, which has a file to itself and holds the texts of its configurations. */
export const decodeFirstVersion = (text: string): PodNetworkRecord => {
  const record: unknown = JSON.parse(text);
  if (!isObject(record)) throw new TypeError('the record is not a JSON object');
  refuseLaterVersion(record['version']);
  const {version: _, attachments: written, ...head} = record;
  assertRecordHead(head);
  const attachments = decodeAttachments(written, (config) => parseConflist(config).text);
  for (const {result} of attachments) if (result !== undefined) JSON.parse(result); // version 1 had no checksums
  return {...head, attachments};
};

type RecordHead = Omit<PodNetworkRecord, 'attachments'>;

function assertRecordHead(head: JsonObject): asserts head is JsonObject & RecordHead {
  for (const key of ['key', 'attempt', 'netns']) required(head, key);
  const pod = objectOf(head['pod']);
  for (const key of ['namespace', 'name', 'uid']) required(pod, key);
  refuseUnknownState(head);
}

const decodeAttachments = (
  attachments: unknown,
  configOf: (config: string) => string,
): readonly Attachment[] => {
  if (!Array.isArray(attachments)) throw new TypeError('the record has no attachments');
  return attachments.map((attachment: unknown) => {
    assertAttachment(attachment);
    return Object.assign(attachment, {config: configOf(attachment.config)});
  });
};

/** Checks only the members that are read as strings: the checksum vouches for the others. */
function assertAttachment(attachment: unknown): asserts attachment is Attachment {
  for (const key of ['network', 'ifName', 'config']) required(objectOf(attachment), key);
}

const refuseUnknownState = (record: JsonObject): void => {
  const state = states.find((known) => known === record['state']);
  if (!state) throw new TypeError('the record has an unknown state');
  const needsSandbox = state !== 'created' && state !== 'detached';
  if (needsSandbox && !stringOf(record['sandbox']))
    throw new TypeError(`the record is ${state} but has no sandbox`);
};

const required = (object: JsonObject, key: string): string => {
  const value = stringOf(object[key]);
  if (value === undefined) throw new TypeError(`the record has no "${key}"`);
  return value;
};
