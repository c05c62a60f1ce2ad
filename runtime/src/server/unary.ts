/** Turns an RPC handler into a grpc-js handler with deadline, cancellation and log line. */
import {type handleUnaryCall, status} from '@grpc/grpc-js';
import {type ObserveRpc, unobserved} from '../events/observe-rpcs.ts';
import {CallerGone, withinDeadline} from '../lib/deadline.ts';
import {errorText, type Log} from '../log.ts';
import type {Context} from '../rpc/handler.ts';
import {createReport} from './report.ts';
import {statusOf} from './status.ts';
import {statusDetailsOf} from './status-details.ts';

export interface Rpc<Request, Response, Given = HandlerContext> {
  readonly name: string;
  readonly handle: (request: Request, context: Given & CallContext) => Promise<Response>;
  readonly deadlineMs: number;
  /** A routine RPC comes every few seconds and is logged only when its outcome changes. */
  readonly routine?: boolean;
}

/** The part of the context that belongs to one call. */
export type CallContext = Pick<Context, 'signal' | 'timeLeft' | 'note' | 'after'>;
export type HandlerContext = Omit<Context, keyof CallContext>;

/** grpc-js does not catch rejections of async handlers, which would end the process. So this catches all of them. */
export const unary = <Request extends object, Response, Given extends object = HandlerContext>(
  rpc: Rpc<Request, Response, Given>,
  shared: Given,
  log: Log,
  observe: ObserveRpc = unobserved,
): handleUnaryCall<Request, Response> => {
  const begin = createReport(rpc, log);
  return (call, reply) => {
    const observeEnd = observe(rpc, call.request);
    const ending = new AbortController();
    let isAnswered = false;
    // grpc-js emits `cancelled` at the end of every call, answered or not.
    call.on('cancelled', () => {
      if (!isAnswered) ending.abort(new CallerGone('the caller cancelled the call, or its deadline passed'));
    });
    const report = begin();
    const timeLeft = timeLeftOf(call.getDeadline());
    const work = (signal: AbortSignal) =>
      rpc.handle(call.request, {...shared, ...report.notes, timeLeft, signal});
    const failed = (error: unknown) => {
      const answer = statusOf(error, report.id());
      reply({...answer, metadata: statusDetailsOf(error, answer, report.id())});
      report.failed(error);
      observeEnd(answer.code, report.fields(), {error});
    };
    const ok = (response: Response) => {
      reply(null, response);
      report.ok();
      observeEnd(status.OK, report.fields(), {response});
    };
    withinDeadline(rpc.deadlineMs, work, ending)
      .then(ok, failed)
      .catch((error: unknown) => {
        log.error(`cannot send the answer of ${rpc.name}`, {error: errorText(error)});
        reply({
          code: status.INTERNAL,
          details: 'cannot send the answer, see the log of the network runtime',
        });
      })
      .finally(() => {
        isAnswered = true;
      });
  };
};

/** Uses the monotonic clock after the first reading. A deadline is a date or ms since 1970; infinite if absent. */
const timeLeftOf = (deadline: Date | number): (() => number) => {
  const ms = Number(deadline) - Date.now();
  const begun = performance.now();
  return () => ms - (performance.now() - begun);
};
