/** Keeps records in a journal. Configurations are written once, and the file is rewritten when most of it is history. */
import {createHash} from 'node:crypto';
import {crashPoint} from '../lib/crash-point.ts';
import {memoize} from '../lib/memoize.ts';
import type {AppendOptions, Journal} from '../store/journal.ts';
import type {PodNetworkRecord} from './record.ts';
import {configLine, dropLine, putLine, versionLine} from './record-file.ts';

export interface RecordJournal {
  readonly put: (record: PodNetworkRecord, options: AppendOptions) => Promise<void>;
  readonly drop: (key: string, options: AppendOptions) => Promise<void>;
  /** Appends a line that changes nothing. */
  readonly appendVersion: () => Promise<void>;
  /** Writes the current records and nothing else. */
  readonly rewrite: () => Promise<void>;
  /** Rewrites the journal if most of it is history, or if a sync has failed. Never rejects: a failed rewrite only costs disk space. */
  readonly compact: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Smaller journals are not worth a rewrite. */
const smallBytes = 256 * 1024;

/** `configs`: names of the configurations that the journal has already. `current`: the records that a rewrite keeps. */
export const createRecordJournal = (
  journal: Journal,
  configs: Iterable<string>,
  current: () => Iterable<PodNetworkRecord>,
): RecordJournal => {
  let journaledConfigs = new Set(configs);
  let compactBytes = journal.size();
  let isRewriting = false;

  const rewrite = async (): Promise<void> => {
    isRewriting = true;
    try {
      let written: readonly string[] = [];
      await journal.rewrite(() => {
        const records = [...current()];
        const used = new Map(records.flatMap(configsOf));
        written = [...used.keys()];
        // Until the rewrite has succeeded, count only the configurations that both the old and the new file have.
        journaledConfigs = new Set(written.filter((name) => journaledConfigs.has(name)));
        return [
          versionLine,
          ...Array.from(used, ([name, text]) => configLine(name, text)),
          ...records.map((record) => putLine(record, nameOfConfig)),
        ];
      });
      for (const name of written) journaledConfigs.add(name);
      compactBytes = journal.size();
    } finally {
      isRewriting = false;
    }
  };

  return {
    put: async (record, options) => {
      const missing = [...new Map(configsOf(record))].filter(([name]) => !journaledConfigs.has(name));
      const lines = missing.map(([name, text]) => configLine(name, text));
      await journal.append([...lines, putLine(record, nameOfConfig)], {
        ...options,
        onWritten: onWritten(options),
      });
      for (const [name] of missing) journaledConfigs.add(name);
    },
    drop: async (key, options) =>
      await journal.append([dropLine(key)], {...options, onWritten: onWritten(options)}),
    appendVersion: async () => await journal.append([versionLine], {synced: true, urgent: false}),
    rewrite,
    compact: async () => {
      const isMostlyHistory = journal.size() > Math.max(smallBytes, 2 * compactBytes);
      if ((isMostlyHistory || journal.isSuspect()) && !isRewriting) await rewrite().catch(() => undefined);
    },
    close: () => journal.close(),
  };
};

const onWritten =
  ({synced}: AppendOptions) =>
  (): void => {
    if (synced) crashPoint('journal: written, not synced');
  };

const nameOfConfig = memoize(16, (text) => createHash('sha256').update(text).digest('hex').slice(0, 16));

const configsOf = ({attachments}: PodNetworkRecord): [name: string, text: string][] =>
  attachments.map(({config}) => [nameOfConfig(config), config]);
