/** The network that another program or the user configures on the nodes. It is kept in the cluster's record. */

import {z} from 'zod';

/** The network of kni-demo itself. */
export const ownNetwork = 'kni';

/** The shell of a node and systemd read these paths. */
const absolutePath = z
  .string()
  .regex(
    /^(?:\/(?!\.\.?(?:\/|$))[\w.:@+-]+)+$/,
    'must be an absolute path of letters, digits and the characters . _ : @ + -',
  );
/** A typo must not remove `/etc` or `/var`. */
export const removedPath = absolutePath.regex(
  /^\/[^/]+\/./,
  'must not be a directory at the root: it is removed',
);

/** A link of the network. Those that every node has are never removed. */
export const linkName = z
  .string()
  .regex(/^\w[\w.-]*$/, 'must be the name of a link, such as mybr0')
  .max(15, 'must have at most 15 characters, like each name of a link')
  .regex(/^(?!(?:lo|eth0)$)/, 'must not be lo or eth0, which belong to the node');

/** The leftovers on each node after the objects of the network are deleted. */
export const leftovers = z.strictObject({
  links: z.array(linkName).default([]),
  /** Files and directories. */
  paths: z.array(removedPath).default([]),
  /** Directories in which plugins keep what DEL needs, such as leases. They stay as long as a failed DEL will be retried. */
  state: z.array(removedPath).default([]),
  /** Chains of iptables whose names begin so. */
  chains: z.array(z.string().regex(/^[A-Z][A-Z0-9-]+$/, 'must be the beginning of a chain')).default([]),
});
export type Leftovers = z.infer<typeof leftovers>;

/** The name of a network in a CNI configuration, which is also a part of flags and paths. */
export const cniName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must be the name of a CNI network, such as cbr0');

/** The beginning of `text` that can be a `cniName`, with a dash for each other character. */
export const cniNameOf = (text: string): string =>
  text.replaceAll(/[^\w.-]/g, '-').replace(/^[^a-zA-Z0-9]+/, '') || 'unnamed';

export const neededFiles = z.array(absolutePath);

export const network = z.object({
  /** As people call it: `flannel`, or the name of a file. */
  name: z.string(),
  cniName,
  /** Objects for `kubectl apply`, among them a DaemonSet that installs the CNI; undefined for a configuration file of the user. */
  manifest: z.string().optional(),
  /** A CNI configuration, in which each node's podCIDR is still a placeholder. */
  conflist: z.string().optional(),
  /** Files without which its plugins cannot attach pods. */
  neededFiles,
  leftovers,
  /** Whether `leftovers` is complete. It is not for a manifest that only the user knows. */
  isKnown: z.boolean(),
});
export type Network = Readonly<z.infer<typeof network>>;

/** Whether kni-demo's own network runtime routes packets between the nodes. */
export const hasOwnRoutes = ({manifest}: Network): boolean => manifest === undefined;
