/** Why a pod's network cannot be had; `server/status.ts` says what each is called in gRPC. */
import {errorCodeOf} from '../lib/error-code.ts';

/** The request itself is wrong. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
}

/** This node does not let pods have what the request asks for. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}

/** No network is known by what the request names. */
export class UnknownNetwork extends Error {
  override readonly name = 'UnknownNetwork';
}

/** The network is known, but not in a state to do this. */
export class WrongState extends Error {
  override readonly name = 'WrongState';
}

/** A network that a pod asks for by name is not there (yet). */
export class NetworkUnavailable extends Error {
  override readonly name = 'NetworkUnavailable';

  constructor(network: string) {
    super(
      `network ${network} is neither a NetworkAttachmentDefinition nor a network configuration of this node`,
    );
  }
}

/** An earlier sandbox still holds what this one needs, and its cleanup has failed. The message names the cause. */
export class CleanupUnfinished extends Error {
  override readonly name = 'CleanupUnfinished';
}

/** A network has as many unfinished cleanups as it may have. */
export class TooManyCleanups extends Error {
  override readonly name = 'TooManyCleanups';

  constructor(network: string) {
    super(
      `network ${network} refuses further pods: too many of its cleanups have failed, see "kni-runtime pending"`,
    );
  }
}

/** A network has as many attachments under way as it may have. Passes by itself. */
export class NetworkBusy extends Error {
  override readonly name = 'NetworkBusy';

  constructor(network: string) {
    super(`network ${network} is busy: as many of its attachments as it may have are under way`);
  }
}

/** The network's plugins gave the pod an address that another pod has. */
export class AddressInUse extends Error {
  override readonly name = 'AddressInUse';
}

/** It exists already, and differently. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** The netns could not be made or removed. */
export class NetnsFailed extends Error {
  override readonly name = 'NetnsFailed';
}

/** A record could not be written. `full` when there is no space, which passes without anything being wrong with the runtime. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
  readonly full: boolean;

  constructor(message: string, cause: unknown) {
    super(message, {cause});
    this.full = ['ENOSPC', 'EDQUOT'].includes(errorCodeOf(cause) ?? '');
  }
}

/** A record was written by a later version: it must not be touched, and nothing can be known without it. */
export class StateTooNew extends Error {
  override readonly name = 'StateTooNew';
}
