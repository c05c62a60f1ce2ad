/** Makes a grpc-js handler of an RPC: owns the callback, the deadline and the line in the log. */
import type {handleUnaryCall} from '@grpc/grpc-js';
import type {Log} from '../log.ts';
import type {Context, Handler} from '../rpc/handler.ts';
import {CallerGone, withinDeadline} from './deadline.ts';
import {createReport} from './report.ts';
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
  const begin = createReport(rpc, log);
  return (call, reply) => {
    const cancelled = new AbortController();
    call.on('cancelled', () => cancelled.abort(new CallerGone('the caller has gone')));
    const report = begin();
    const work = (passed: AbortSignal) =>
      rpc.handle(call.request, {
        ...shared,
        ...report.notes,
        signal: AbortSignal.any([passed, cancelled.signal]),
      });
    withinDeadline(rpc.deadlineMs, work).then(
      (response) => {
        reply(null, response);
        report.ok();
      },
      (error: unknown) => {
        reply(statusOf(error));
        report.failed(error);
      },
    );
  };
};
