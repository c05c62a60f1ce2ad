/** Runs CNI plugins, for a runtime that keeps them. */
import type {Attachment, Target} from '../cni/attachment.ts';
import {parseConflist} from '../cni/conflist.ts';
import {addNetwork, checkNetwork, delNetwork} from '../cni/network.ts';
import {createInvokePlugin} from '../cni/plugin.ts';
import {readResult} from '../cni/result.ts';
import {errorText} from '../log.ts';
import {exec} from './exec.ts';
import {log} from './log.ts';
import type {InterfaceAnswer} from './messages.ts';

export interface CniOptions {
  /** Directories with plugins. Default: `/opt/cni/bin` and `/usr/lib/cni`. */
  readonly binDirs?: readonly string[];
  /** Milliseconds that one plugin may take. Default: 60000. */
  readonly timeoutMs?: number;
}

export interface Cni {
  /**
   * Describes one interface, and runs nothing. `config` is a CNI network configuration list as text. Write it to the record
   * before `add`: DEL must get the same. Throws if the configuration is invalid.
   */
  attachment(config: string, ifName: string, more?: AttachmentOptions): Attachment;
  /**
   * Runs ADD of all plugins. Resolves with the attachment that `del` needs. After a failure it runs DEL, then rejects. If that DEL
   * fails, too, `leftoverOf` returns the attachment for a later `del`.
   */
  add(attachment: Attachment, target: Target): Promise<Attachment>;
  /** The attachment that a failed `add` has left on the node, by its error; else undefined. Keep it in the record until `del` succeeds. */
  leftoverOf(error: unknown): Attachment | undefined;
  /** Runs DEL of all plugins in reverse order. Idempotent. */
  del(attachment: Attachment, target: Target): Promise<void>;
  /** Runs CHECK of all plugins. Resolves with the reason if the network has no CHECK. */
  check(attachment: Attachment, target: Target): Promise<string | undefined>;
  /** The interfaces in the pod that the plugins reported, as AttachInterface answers them. */
  interfaces(attachment: Attachment, netns: string): Record<string, InterfaceAnswer>;
}

export interface AttachmentOptions {
  /** CNI_ARGS, such as `{K8S_POD_NAME: 'web', K8S_POD_NAMESPACE: 'default', IgnoreUnknown: '1'}`. */
  readonly args?: Readonly<Record<string, string>>;
  /** By capability, such as `{portMappings: […]}`. A plugin gets only the capabilities that it declares. */
  readonly capabilityArgs?: Readonly<Record<string, unknown>>;
}

/** Errors of plugins keep their meaning: "try again later" (code 11) answers UNAVAILABLE, invalid configuration INVALID_ARGUMENT. */
export const createCni = ({
  binDirs = ['/opt/cni/bin', '/usr/lib/cni'],
  timeoutMs = 60_000,
}: CniOptions = {}): Cni => {
  const invoke = createInvokePlugin({exec, binDirs, timeoutMs});
  const left = new WeakMap<Error, Attachment>();
  return {
    attachment: (config, ifName, {args = {}, capabilityArgs = {}} = {}) => {
      const {name} = parseConflist(config);
      return {network: name, ifName, config, cniArgs: Object.entries(args), capabilityArgs};
    },
    add: async (attachment, target) => {
      const added = await addNetwork(invoke, attachment, target);
      if (!('error' in added)) return added.attachment;
      await delNetwork(invoke, added.attachment, target).catch((error: unknown) => {
        log.warn('DEL failed after a failed ADD', {sandbox: target.sandbox, error: errorText(error)});
        if (added.error instanceof Error) left.set(added.error, added.attachment);
      });
      throw added.error;
    },
    leftoverOf: (error) => (error instanceof Error ? left.get(error) : undefined),
    del: (attachment, target) => delNetwork(invoke, attachment, target),
    check: (attachment, target) => checkNetwork(invoke, attachment, target),
    interfaces: (attachment, netns) =>
      Object.fromEntries(
        readResult(attachment, netns).interfaces.map(({name, mac, addresses}) => [
          name,
          {ip: addresses.map(({ip}) => ip), mac},
        ]),
      ),
  };
};
