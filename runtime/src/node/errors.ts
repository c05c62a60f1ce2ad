/** Why the node cannot have pods. */

/** The node has no network to attach pods to. The message is stable: it ends in Kubernetes events. */
export class NodeNotReady extends Error {
  override readonly name = 'NodeNotReady';
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}
