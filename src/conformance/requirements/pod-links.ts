/** The interfaces of a pod, in the kernel and in answers. */

import {z} from 'zod';
import {readJson} from '../../json.ts';
import type {OwnNode} from '../own-node.ts';
import {type Attached, addressesOf} from '../pods.ts';
import {expectThat} from '../violation.ts';

const kernelLinks = z.array(
  z.object({
    ifname: z.string(),
    address: z.string().optional(),
    flags: z.array(z.string()),
    addr_info: z.array(z.object({local: z.string().optional()})).default([]),
  }),
);

export const linksIn = async (node: OwnNode, netns: string) =>
  readJson(
    kernelLinks,
    (await node.runIn(netns, ['ip', ['-json', 'address']])) || '[]',
    'the output of ip address',
  );

export const describeLinks = (links: Awaited<ReturnType<typeof linksIn>>): string =>
  `the netns has ${links.map(({ifname, addr_info}) => `${ifname} (${addr_info.map(({local}) => local).join(', ')})`).join(', ')}`;

/** Throws Violation if the addresses differ. */
export const sameAnswer = (first: Attached['ipconfigs'], second: Attached['ipconfigs']): void =>
  expectThat(
    addressesOf(first) === addressesOf(second),
    `the addresses ${addressesOf(first)}`,
    `the second answer is ${addressesOf(second) || 'without addresses'}`,
  );
