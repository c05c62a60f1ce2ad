/** Makes a grpc-js handler of an RPC: owns the callback, the deadline and the line in the log. */
import type {handleUnaryCall} from '@grpc/grpc-js';
import type {Log, LogFields} from '../log.ts';
import {textOf} from '../log.ts';
import type {Context, Handler} from '../rpc/handler.ts';
import {withinDeadline} from './deadline.ts';
import {statusOf} from './status.ts';

export interface Rpc<Request, Response> {
  readonly name: string;
  readonly handle: Handler<Request, Response>;
  readonly deadlineMs: number;
  /** Asked for every few seconds: a line only when the outcome is not that of the time before. */
  readonly routine?: boolean;
}

export type Shared = Omit<Context, 'signal' | 'note' | 'after'>;

/** grpc-js does not catch what an async handler throws: a rejection would end the process, so none leaves here. */
export const unary = <Request, Response>(
  rpc: Rpc<Request, Response>,
  shared: Shared,
  log: Log,
): handleUnaryCall<Request, Response> => {
  const report = createReport(rpc, log);
  return (call, reply) => {
    const cancelled = new AbortController();
    call.on('cancelled', () => cancelled.abort(new Error('the caller has gone')));
    const ending = report();
    const work = (passed: AbortSignal) =>
      rpc.handle(call.request, {
        ...shared,
        ...ending.notes,
        signal: AbortSignal.any([passed, cancelled.signal]),
      });
    withinDeadline(rpc.deadlineMs, work).then(
      (response) => {
        reply(null, response);
        ending.ok();
      },
      (error: unknown) => {
        reply(statusOf(error));
        ending.failed(error);
      },
    );
  };
};

/** One line when an RPC ends, and what its handler wants said after that. */
const createReport = ({name, routine}: Pick<Rpc<never, never>, 'name' | 'routine'>, log: Log) => {
  let before = '';
  return () => {
    const begun = performance.now();
    let fields: LogFields = {};
    const after: string[] = [];
    const line = () => ({rpc: name, ...fields, ms: Math.round((performance.now() - begun) * 10) / 10});
    const isRepeated = (outcome: unknown) => {
      const now = JSON.stringify(outcome);
      const repeated = routine === true && now === before;
      before = now;
      return repeated;
    };
    return {
      notes: {
        note: (more: LogFields) => {
          fields = {...fields, ...more};
        },
        after: (msg: string) => {
          after.push(msg);
        },
      },
      ok: () => {
        log[isRepeated(fields) ? 'debug' : 'info'](`${name} ok`, line());
        for (const msg of after) log.info(msg, {rpc: name, ...fields});
      },
      failed: (error: unknown) => {
        log[isRepeated(textOf(error)) ? 'debug' : 'error'](`${name} failed`, {
          ...line(),
          error: textOf(error),
        });
      },
    };
  };
};
