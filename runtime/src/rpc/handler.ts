/** An RPC handler: a function of its request and a context. */
import type {LogFields} from '../log.ts';
import type {PodNetworkService} from '../network/lifecycle.ts';
import type {Selector} from '../network/select.ts';
import type {NodeNetwork} from '../node/node-network.ts';

export interface Context {
  readonly pods: PodNetworkService;
  readonly node: NodeNetwork;
  /** The key of the record that a call concerns, for the log. */
  readonly correlationOf: (selector: Selector) => string | undefined;
  /** Aborts when the caller no longer waits; work that has not started then is skipped. */
  readonly signal: AbortSignal;
  /** Time until the caller's deadline in ms; infinite without a deadline. */
  readonly timeLeft: () => number;
  /** Adds fields to the log line at the end of the RPC. */
  readonly note: (fields: LogFields) => void;
  /** Logs a separate line after that line. */
  readonly after: (msg: string) => void;
}

/** Resolves with a message, or with its encoding. */
export type Handler<Request, Response> = (request: Request, context: Context) => Promise<Response>;
