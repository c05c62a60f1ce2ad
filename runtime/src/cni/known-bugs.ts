/** Recognizes known bugs of plugins by their error messages, so that a healthy pod is not reported as broken. */
import type {Attachment} from './attachment.ts';
import type {CniCommand} from './cni-command.ts';
import type {CniError} from './errors.ts';
import {readResult} from './result.ts';

export interface KnownBug {
  /** The error message of the plugin. */
  readonly problem: string;
  readonly explanation: string;
  /** The upstream issue. */
  readonly reference: string;
}

interface BugPattern {
  readonly plugin: string;
  readonly command: CniCommand;
  readonly message: RegExp;
  /** With IPv6 addresses, the same error message would be correct. */
  readonly onlyWithoutIpv6?: boolean;
  readonly explanation: string;
  readonly reference: string;
}

const portmapCheck = {
  plugin: 'portmap',
  command: 'CHECK',
  explanation:
    'before 1.3.0 the plugin looks for the rules of each address in the tables of both IPv4 and IPv6; it found the IPv4 rules',
  reference: 'https://github.com/containernetworking/plugins/issues/819',
} as const;

/** The plugin checks the IPv4 table first, so an error about IPv6 means that the IPv4 rules exist. */
const bugPatterns: readonly BugPattern[] = [
  {
    ...portmapCheck,
    message: /^could not check ipv6 dnat: chain \S+ not found in iptables table nat$/,
    onlyWithoutIpv6: true,
  },
  {
    ...portmapCheck,
    message: /^could not check ipv6 dnat: rule .*--to-destination \d+\.\d+\.\d+\.\d+:/,
    explanation: `${portmapCheck.explanation}, and did not look for the IPv6 rules`,
  },
];

export const knownBugOf = (error: CniError, attachment: Attachment, netns: string): KnownBug | undefined => {
  const found = bugPatterns.find(
    ({plugin, command, message, onlyWithoutIpv6 = false}) =>
      plugin === error.plugin &&
      command === error.command &&
      message.test(error.msg) &&
      !(onlyWithoutIpv6 && hasIpv6(attachment, netns)),
  );
  return found && {problem: error.message, explanation: found.explanation, reference: found.reference};
};

const hasIpv6 = (attachment: Attachment, netns: string): boolean =>
  readResult(attachment, netns).interfaces.some(({addresses}) => addresses.some(({ip}) => ip.includes(':')));
