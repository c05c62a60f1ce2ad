/** The line in the log when an RPC ends, and what its handler wants said after that. */
import {randomBytes} from 'node:crypto';
import {errorText, type Log, type LogFields} from '../log.ts';
import type {Context} from '../rpc/handler.ts';

export interface Report {
  readonly notes: Pick<Context, 'note' | 'after'>;
  readonly ok: () => void;
  readonly failed: (error: unknown) => void;
  /** What leads from an answer to its line in the log: the correlation id of the sandbox, or one made up for this call. */
  readonly id: () => string;
}

/** Returns what begins the report of one call. */
export const createReport = (
  {name, routine}: {name: string; routine?: boolean},
  log: Log,
): (() => Report) => {
  let before = '';
  /** A routine outcome is worth a line when it is another one than before. */
  const isOld = (outcome: string): boolean => {
    const old = routine === true && outcome === before;
    before = outcome;
    return old;
  };
  return () => {
    const begun = performance.now();
    let fields: LogFields = {};
    const after: string[] = [];
    const line = () => ({rpc: name, ...fields, ms: Math.round((performance.now() - begun) * 10) / 10});
    return {
      notes: {
        note: (more) => {
          fields = {...fields, ...more};
        },
        after: (msg) => {
          after.push(msg);
        },
      },
      id: () => {
        const {correlation} = fields;
        if (typeof correlation === 'string') return correlation;
        const made = `call-${randomBytes(4).toString('hex')}`;
        fields = {...fields, correlation: made};
        return made;
      },
      ok: () => {
        log[isOld(JSON.stringify(fields)) ? 'debug' : 'info'](`${name} ok`, line());
        for (const msg of after) log.info(msg, {rpc: name, ...fields});
      },
      failed: (error) => {
        const text = errorText(error);
        log[isOld(text) ? 'debug' : 'error'](`${name} failed`, {...line(), error: text});
      },
    };
  };
};
