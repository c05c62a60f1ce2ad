/** Derives the input of a plugin: configuration on stdin, parameters in the environment. */
import {isAbsolute} from 'node:path';
import type {Attachment, Target} from './attachment.ts';
import type {CniCommand} from './cni-command.ts';
import {InvalidParameter} from './errors.ts';
import {isInterfaceName} from './interface-name.ts';
import type {Invocation, ValidAttachment} from './invocation.ts';
import {rawObject} from './raw-json.ts';

/** CNI spec, section 3, "Deriving request configuration from plugin configuration objects". */
export const requestConfigOf = (command: CniCommand, invocation: Invocation): string => {
  const {list, plugin} = invocation;
  if (command === 'VERSION') return JSON.stringify({cniVersion: list.cniVersion});
  const members = new Map(plugin.members);
  // `capabilities` becomes runtimeConfig; the other reserved keys are generated.
  for (const key of members.keys()) if (isReserved(key)) members.delete(key);
  members.set('cniVersion', JSON.stringify(list.cniVersion));
  members.set('name', JSON.stringify(list.name));
  for (const [key, value] of generatedFor(invocation)) members.set(key, value);
  return rawObject(members);
};

const isReserved = (key: string): boolean =>
  key === 'capabilities' || key === 'runtimeConfig' || key === 'prevResult' || key.startsWith('cni.dev/');

type Member = [key: string, value: string];

const generatedFor = (invocation: Invocation): Member[] => {
  if (!('attachment' in invocation)) return invocation.valid ? validMembers(invocation.valid) : [];
  const {plugin, attachment, prevResult} = invocation;
  const members: Member[] = [];
  const args = Object.entries(attachment.capabilityArgs).filter(([capability]) =>
    plugin.capabilities.has(capability),
  );
  if (args.length > 0) members.push(['runtimeConfig', JSON.stringify(Object.fromEntries(args))]);
  if (prevResult !== undefined) members.push(['prevResult', prevResult]);
  return members;
};

/** The second key is an early name that libcni still sends, because some plugins read only that. */
const validMembers = (valid: readonly ValidAttachment[]): Member[] => {
  const text = JSON.stringify(valid.map(({containerID, ifname}) => ({containerID, ifname})));
  return [
    ['cni.dev/valid-attachments', text],
    ['cni.dev/attachments', text],
  ];
};

/** CNI spec, section 2, "Parameters". */
export const environmentOf = (
  command: CniCommand,
  invocation: Invocation,
  binDirs: readonly string[],
): Record<string, string> => {
  const common = {CNI_COMMAND: command, CNI_PATH: binDirs.filter(isAbsolute).join(':')};
  // As in libcni: plugins older than 0.3.0 require a container even for VERSION.
  if (command === 'VERSION')
    return {...common, CNI_CONTAINERID: 'dummy', CNI_NETNS: 'dummy', CNI_IFNAME: 'dummy'};
  if (!('attachment' in invocation)) return common;
  const {attachment, target} = invocation;
  // DEL is never refused here: otherwise it would be retried forever.
  if (command !== 'DEL') refuseInvalid(attachment, target);
  return {
    ...common,
    CNI_CONTAINERID: target.sandbox,
    CNI_NETNS: target.netns,
    CNI_IFNAME: attachment.ifName,
    CNI_ARGS: attachment.cniArgs
      .filter(isArgument)
      .map(([key, value]) => `${key}=${value}`)
      .join(';'),
  };
};

const sandboxPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

const refuseInvalid = ({ifName, cniArgs}: Attachment, {sandbox}: Target): void => {
  if (!sandboxPattern.test(sandbox)) throw new InvalidParameter('invalid sandbox id');
  if (!isInterfaceName(ifName)) throw new InvalidParameter('invalid interface name');
  if (!cniArgs.every(isArgument))
    throw new InvalidParameter('invalid CNI argument: the key is empty, or it contains ";" or "="');
};

/** `;` and `=` cannot be escaped: they would inject arguments. */
const isArgument = ([key, value]: Attachment['cniArgs'][number]): boolean =>
  key !== '' && !/[;=\0]/.test(key) && !/[;=\0]/.test(value);
