/** Errors of the pod network service. `server/status.ts` maps them to gRPC. */
import {errorCodeOf} from '../lib/error-code.ts';

/** The request is invalid. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
}

/** The node's policy forbids the request. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}

/** No record matches the request. */
export class UnknownNetwork extends Error {
  override readonly name = 'UnknownNetwork';
}

/** The pod network is in a state that does not allow the call. */
export class WrongState extends Error {
  override readonly name = 'WrongState';
}

/** A network that a pod selects does not exist (yet). */
export class NetworkUnavailable extends Error {
  override readonly name = 'NetworkUnavailable';

  constructor(network: string) {
    super(
      `network ${network} is neither a NetworkAttachmentDefinition nor a network configuration of this node`,
    );
  }
}

/** An earlier sandbox holds what this one needs, and its cleanup has not finished. The message names the cause. */
export class CleanupUnfinished extends Error {
  override readonly name = 'CleanupUnfinished';
}

/** A network has reached its limit of unfinished cleanups. */
export class TooManyCleanups extends Error {
  override readonly name = 'TooManyCleanups';

  constructor(network: string) {
    super(
      `network ${network} refuses further pods: too many of its cleanups have failed, see "kni-runtime pending"`,
    );
  }
}

/** A network has reached its limit of attachments in progress. The caller can retry. */
export class NetworkBusy extends Error {
  override readonly name = 'NetworkBusy';

  constructor(network: string) {
    super(`network ${network} is busy: too many of its attachments are in progress, try again`);
  }
}

/** The network's plugins assigned the address of another pod. */
export class AddressInUse extends Error {
  override readonly name = 'AddressInUse';
}

/** The network's plugins assigned no address to eth0. A kubelet cannot use such a pod. */
export class AddressMissing extends Error {
  override readonly name = 'AddressMissing';

  constructor(network: string) {
    super(`the plugins of network ${network} assigned no address to eth0: check "ipam" in its configuration`);
  }
}

/** It already exists with different parameters. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** The netns cannot be created or removed. */
export class NetnsFailed extends Error {
  override readonly name = 'NetnsFailed';
}

/** A record cannot be written. `full`: the disk has no space, which is not a fault of the runtime. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
  readonly full: boolean;

  constructor(message: string, cause: unknown) {
    super(message, {cause});
    this.full = ['ENOSPC', 'EDQUOT'].includes(errorCodeOf(cause) ?? '');
  }
}

/** A later version has written the state. This version must not change it and cannot work without it. */
export class StateTooNew extends Error {
  override readonly name = 'StateTooNew';
}
