/** The lines of the records' journal: a version first, then what became of which record, the last word counting. */
import type {Attachment} from '../cni/attachment.ts';
import {parseConflist} from '../cni/conflist.ts';
import {arrayOf, isObject, type JsonObject, objectOf, stringOf} from '../lib/json.ts';
import type {Line} from '../store/journal.ts';
import {StateTooNew} from './errors.ts';
import {type PodNetworkRecord, states} from './record.ts';

/** 1 was one file for each record. */
export const stateVersion = 2;

export type JournalEntry =
  | {readonly kind: 'version'}
  | {readonly kind: 'config'; readonly name: string; readonly text: string}
  | {readonly kind: 'put'; readonly record: PodNetworkRecord}
  | {readonly kind: 'drop'; readonly key: string};

export const versionLine = JSON.stringify({version: stateVersion});

export const configLine = (name: string, text: string): string => JSON.stringify({config: name, text});

export const dropLine = (key: string): string => JSON.stringify({drop: key});

/** The text of the configuration that the journal has under a name. */
export type TextOf = (name: string) => string | undefined;

/** What a record was read from. One that has changed since is another object, and has none. */
interface Origin {
  readonly line: Line;
  readonly textOf: TextOf;
}

const origins = new WeakMap<object, Origin>();

/**
 * The attachments stand apart, after a tab: they are most of a record, and of thousands few are ever looked at.
 * `nameOf` gives the name of a configuration's text.
 */
export const putLine = (record: PodNetworkRecord, nameOf: (text: string) => string): string =>
  origins.get(record)?.line.text ?? encode(record, nameOf);

const encode = ({attachments, ...put}: PodNetworkRecord, nameOf: (text: string) => string): string => {
  if (attachments.length === 0) return JSON.stringify({put});
  const named = attachments.map((each) => ({...each, config: nameOf(each.config)}));
  const configs = [...new Set(named.map(({config}) => config))];
  return `${JSON.stringify({put, configs})}\t${JSON.stringify(named)}`;
};

/** The configurations that the line of a record refers to, by name. */
export const configsOf = (
  record: PodNetworkRecord,
  nameOf: (text: string) => string,
): readonly (readonly [name: string, text: string])[] => {
  const origin = origins.get(record);
  if (!origin) return record.attachments.map(({config}) => [nameOf(config), config]);
  const {configs} = objectOf(JSON.parse(origin.line.head));
  return arrayOf(configs).map((name) => [String(name), configNamed(String(name), origin.textOf)]);
};

/** Throws on anything that was not written here: a record half understood would undo half of a network. */
export const decodeLine = (line: Line, textOf: TextOf): JournalEntry => {
  const entry = objectOf(JSON.parse(line.head));
  if ('put' in entry) return {kind: 'put', record: decodePut(entry, line, textOf)};
  if ('drop' in entry) return {kind: 'drop', key: required(entry, 'drop')};
  if ('config' in entry) {
    const text = parseConflist(required(entry, 'text')).text;
    return {kind: 'config', name: required(entry, 'config'), text};
  }
  refuseLater(entry['version']);
  return {kind: 'version'};
};

const decodePut = ({put, configs}: JsonObject, line: Line, textOf: TextOf): PodNetworkRecord => {
  const head = objectOf(put);
  refuseOther(head);
  if (!line.hasTail) return {...head, attachments: []};
  refuseUnknownConfigs(configs, textOf);
  decodeLater(head, {line, textOf});
  return head;
};

type Head = Omit<PodNetworkRecord, 'attachments'>;

/** Decoded anew whenever they are asked for: kept, they would take three times the memory of the text. */
function decodeLater(head: Head, origin: Origin): asserts head is PodNetworkRecord {
  origins.set(head, origin);
  Object.defineProperty(head, 'attachments', attachmentsAsRead);
}

/** One getter for all records: one for each would be half the time that it takes to read them. */
const attachmentsAsRead: PropertyDescriptor & ThisType<object> = {
  enumerable: true,
  get() {
    const origin = origins.get(this);
    if (!origin) return [];
    const {line, textOf} = origin;
    return decodeAttachments(JSON.parse(line.tail), (name) => configNamed(name, textOf));
  },
};

const refuseUnknownConfigs = (names: unknown, textOf: TextOf): void => {
  if (!Array.isArray(names)) throw new TypeError('the record does not tell its configurations');
  for (const name of names) configNamed(String(name), textOf);
};

const configNamed = (name: string, textOf: TextOf): string => {
  const config = textOf(name);
  if (config === undefined) throw new TypeError('the configuration of an attachment is not there');
  return config;
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
export const decodeFirstVersion = (text: string): PodNetworkRecord => {
  const record: unknown = JSON.parse(text);
  if (!isObject(record)) throw new TypeError('the record is not a JSON object');
  refuseLater(record['version']);
  const {version: _, attachments: written, ...head} = record;
  refuseOther(head);
  const attachments = decodeAttachments(written, (config) => parseConflist(config).text);
  for (const {result} of attachments) if (result !== undefined) JSON.parse(result); // there was no checksum
  return {...head, attachments};
};

function refuseOther(head: JsonObject): asserts head is JsonObject & Head {
  for (const key of ['key', 'attempt', 'netns']) required(head, key);
  const pod = objectOf(head['pod']);
  for (const key of ['namespace', 'name', 'uid']) required(pod, key);
  refuseUnknownState(head);
}

/** Checked in place and not made anew. */
const decodeAttachments = (
  attachments: unknown,
  configOf: (config: string) => string,
): readonly Attachment[] => {
  if (!Array.isArray(attachments)) throw new TypeError('the record has no attachments');
  return attachments.map((attachment: unknown) => {
    refuseOtherAttachment(attachment);
    return Object.assign(attachment, {config: configOf(attachment.config)});
  });
};

/** That its other parts are as they were written here, the checksum of the line says. */
function refuseOtherAttachment(attachment: unknown): asserts attachment is Attachment {
  for (const key of ['network', 'ifName', 'config']) required(objectOf(attachment), key);
}

const refuseUnknownState = (record: JsonObject): void => {
  const state = states.find((known) => known === record['state']);
  if (!state) throw new TypeError('the record has no known state');
  const needsSandbox = state !== 'created' && state !== 'detached';
  if (needsSandbox && !stringOf(record['sandbox']))
    throw new TypeError(`the record is ${state} without a sandbox`);
};

const required = (object: JsonObject, key: string): string => {
  const value = stringOf(object[key]);
  if (value === undefined) throw new TypeError(`the record has no "${key}"`);
  return value;
};
