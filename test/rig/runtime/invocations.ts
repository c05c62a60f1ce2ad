/** A call of the first plugin of a conflist, for what is under test below the order of plugins. */
import type {Attachment} from '../../../runtime/src/cni/attachment.ts';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import type {AttachmentInvocation} from '../../../runtime/src/cni/invocation.ts';

export const target = {sandbox: 'box', netns: '/run/netns/kni-x'};

export const attachmentOf = (config: string, fields: Partial<Attachment> = {}): Attachment => ({
  network: 'net',
  ifName: 'eth0',
  config,
  cniArgs: [],
  capabilityArgs: {},
  ...fields,
});

export const invocationOf = (
  config: string,
  fields: Partial<Attachment> = {},
  prevResult?: string,
): AttachmentInvocation => {
  const list = parseConflist(config);
  return {list, plugin: list.plugins[0], attachment: attachmentOf(config, fields), target, prevResult};
};
