/** What every RPC is: a function of its request and of what it works on. */
import type {LogFields} from '../log.ts';
import type {PodNetworkService} from '../network/lifecycle.ts';
import type {Selector} from '../network/select.ts';
import type {NodeNetwork} from '../node/node-network.ts';

export interface Context {
  readonly pods: PodNetworkService;
  readonly node: NodeNetwork;
  /** Key of the record that a call is about, which goes into every line of the log about it. */
  readonly correlationOf: (selector: Selector) => string | undefined;
  /** Aborted when nobody waits for the answer any more: what has not begun need not begin. */
  readonly signal: AbortSignal;
  /** Until the caller's deadline, in ms; infinite without one. */
  readonly timeLeft: () => number;
  /** Adds to the line that is logged when the RPC ends. */
  readonly note: (fields: LogFields) => void;
  /** Logs a line of its own after that line. */
  readonly after: (msg: string) => void;
}

export type Handler<Request, Response> = (request: Request, context: Context) => Promise<Response>;
