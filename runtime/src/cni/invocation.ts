/** One call of a plugin: the network or attachment that it concerns, and the function that makes the call. */
import type {EarlyProgram} from '../process/early-program.ts';
import type {Attachment, Target} from './attachment.ts';
import type {CniCommand} from './cni-command.ts';
import type {Conflist, PluginConfig} from './conflist.ts';

/** ADD, DEL and CHECK are about an attachment, the others about the network as a whole. */
export type Invocation = AttachmentInvocation | NetworkInvocation;

export interface AttachmentInvocation {
  readonly list: Conflist;
  readonly plugin: PluginConfig;
  readonly attachment: Attachment;
  readonly target: Target;
  readonly prevResult: string | undefined;
  /** The process of the plugin, if it was started early. */
  readonly early?: EarlyProgram | undefined;
  /** Shortens the time limit of plugins for this call. */
  readonly timeoutMs?: number;
}

export interface NetworkInvocation {
  readonly list: Conflist;
  readonly plugin: PluginConfig;
  /** For GC: the attachments that still exist. */
  readonly valid?: readonly ValidAttachment[];
  /** Shortens the time limit of plugins for this call. */
  readonly timeoutMs?: number;
}

/** Field names as in the CNI spec, section 2, "GC". */
export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

/**
 * Returns what the plugin printed on stdout. For ADD it is the result, a JSON object in the CNI version of the list; for
 * VERSION it is an object with `supportedVersions`.
 */
export interface InvokePlugin {
  (command: CniCommand, invocation: Invocation): Promise<string>;
  /**
   * Starts the process of a plugin whose turn comes later. It gets its configuration when it is passed in the invocation.
   * Returns undefined if that is not allowed, or not possible now.
   */
  readonly startEarly?: StartEarly | undefined;
}

export type StartEarly = (
  command: 'ADD' | 'DEL',
  invocation: AttachmentInvocation,
) => EarlyProgram | undefined;

/** The wrapped function with `startEarly` of the original. */
export const wrapInvoke = (
  {startEarly}: InvokePlugin,
  call: (command: CniCommand, invocation: Invocation) => Promise<string>,
): InvokePlugin => Object.assign(call, {startEarly});

/** The log fields of a call. */
export const fieldsOfInvocation = (invocation: Invocation) => ({
  plugin: invocation.plugin.type,
  ...('attachment' in invocation
    ? {sandbox: invocation.target.sandbox, interface: invocation.attachment.ifName}
    : {network: invocation.list.name}),
});
