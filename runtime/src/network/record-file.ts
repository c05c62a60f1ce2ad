/** The lines of the records' journal: a version first, then what became of which record, the last word counting. */
import type {Attachment} from '../cni/attachment.ts';
import {parseConflist} from '../cni/conflist.ts';
import {isObject, type JsonObject, objectOf, stringOf} from '../json.ts';
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
  const {version: _, ...fields} = record;
  const decoded = decodeRecord(fields, (config) => parseConflist(config).text);
  for (const {result} of decoded.attachments) if (result !== undefined) JSON.parse(result); // there was no checksum
  return decoded;
};

/** Checked in place and not made anew: thousands of them are read before anyone is served. */
const decodeRecord = (record: JsonObject, configOf: (config: string) => string): PodNetwork => {
  refuseOther(record);
  for (const attachment of record.attachments) {
    refuseOtherAttachment(attachment);
    Object.assign(attachment, {config: configOf(attachment.config)});
  }
  return record;
};

function refuseOther(record: JsonObject): asserts record is JsonObject & PodNetwork {
  for (const key of ['key', 'attempt', 'netns']) required(record, key);
  const pod = objectOf(record['pod']);
  for (const key of ['namespace', 'name', 'uid']) required(pod, key);
  refuseUnknownState(record);
  if (!Array.isArray(record['attachments'])) throw new TypeError('the record has no attachments');
}

/** That its other parts are as they were written here, the checksum of the line says. */
function refuseOtherAttachment(attachment: unknown): asserts attachment is Attachment {
  for (const key of ['network', 'ifName', 'config']) required(objectOf(attachment), key);
}

const refuseUnknownState = (record: JsonObject): void => {
  const state = states.find((known) => known === record['state']);
  if (!state) throw new TypeError('the record has no known state');
  const needsSandbox = state === 'attaching' || state === 'attached' || state === 'detaching';
  if (needsSandbox && !stringOf(record['sandbox']))
    throw new TypeError(`the record is ${state} without a sandbox`);
};

const required = (object: JsonObject, key: string): string => {
  const value = stringOf(object[key]);
  if (value === undefined) throw new TypeError(`the record has no "${key}"`);
  return value;
};
