/** Logs one line at the end of an RPC, and then the lines that its handler added. */
import {randomBytes} from 'node:crypto';
import {errorText, type Log, type LogFields} from '../log.ts';
import type {Context} from '../rpc/handler.ts';
import {isForeseen} from './status.ts';

export interface Report {
  readonly notes: Pick<Context, 'note' | 'after'>;
  readonly ok: () => void;
  readonly failed: (error: unknown) => void;
  /** Leads from an error to its log line: the correlation of the sandbox, or an id of this call. */
  readonly id: () => string;
  /** The fields that the handler has noted. */
  readonly fields: () => LogFields;
}

/** Returns a function that starts the report of one call. */
export const createReport = (
  {name, routine}: {name: string; routine?: boolean},
  log: Log,
): (() => Report) => {
  let before = '';
  /** Routine RPCs are logged only when the outcome changes. */
  const isRepeated = (outcome: string): boolean => {
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
      fields: () => fields,
      ok: () => {
        log[isRepeated(JSON.stringify(fields)) ? 'debug' : 'info'](`${name} ok`, line());
        for (const msg of after) log.info(msg, {rpc: name, ...fields});
      },
      failed: (error) => {
        const text = errorText(error);
        const stack = error instanceof Error && !isForeseen(error) ? {stack: error.stack} : {};
        log[isRepeated(text) ? 'debug' : 'error'](`${name} failed`, {...line(), error: text, ...stack});
      },
    };
  };
};
