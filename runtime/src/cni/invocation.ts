/** One call of a plugin: the network or attachment that it concerns, and the function that makes the call. */
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
export type InvokePlugin = (command: CniCommand, invocation: Invocation) => Promise<string>;

/** The log fields of a call. */
export const fieldsOfInvocation = (invocation: Invocation) => ({
  plugin: invocation.plugin.type,
  ...('attachment' in invocation
    ? {sandbox: invocation.target.sandbox, interface: invocation.attachment.ifName}
    : {network: invocation.list.name}),
});
