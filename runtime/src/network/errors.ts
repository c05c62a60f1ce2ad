/** Why a pod's network cannot be had; `server/status.ts` says what each is called in gRPC. */

/** The request itself is wrong. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
}

/** No network is known by what the request names. */
export class UnknownNetwork extends Error {
  override readonly name = 'UnknownNetwork';
}

/** The network is known, but not in a state to do this. */
export class WrongState extends Error {
  override readonly name = 'WrongState';
}

/** It exists already, and differently. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** The node has no network to attach pods to. The message is stable: it ends in Kubernetes events. */
export class NodeNotReady extends Error {
  override readonly name = 'NodeNotReady';
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The netns could not be made or removed. */
export class NetnsFailed extends Error {
  override readonly name = 'NetnsFailed';
}
