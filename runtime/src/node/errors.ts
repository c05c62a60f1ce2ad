/** Errors of the node's own network. */

/** The node has no network for pods. Equal causes have equal messages, because Kubernetes aggregates events by them. */
export class NodeNotReady extends Error {
  override readonly name = 'NodeNotReady';
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}
