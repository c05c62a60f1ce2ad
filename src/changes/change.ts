/** Temporary changes to a running cluster: data that is enough to undo them after any interruption. */

import {z} from 'zod';

const absolutePath = z.string().regex(/^\/[^\n]*$/);

/** Standard base64 and the file mode in octal, or the target of a symbolic link. Null: the file did not exist. */
const savedFile = z.object({
  path: absolutePath,
  former: z
    .union([
      z.object({link: z.string().regex(/^\S+$/)}),
      z.object({base64: z.string(), mode: z.string().regex(/^[0-7]{3,4}$/)}),
    ])
    .nullable(),
});
/** A file on a node, and what it was before the change. For small files: the content is kept in the record. */
export type SavedFile = z.infer<typeof savedFile>;

const clusterObject = z.object({
  /** As kubectl takes it: `pod`, `namespace`. */
  resource: z.string().min(1),
  /** Undefined for an object without a namespace. */
  namespace: z.string().min(1).optional(),
  name: z.string().min(1),
});
export type ClusterObject = z.infer<typeof clusterObject>;

/** One temporary change. `node` is the name of the node's container, `unit` a systemd unit on it such as `kni`. */
export const change = z.discriminatedUnion('kind', [
  /** Undone by `systemctl start`, and by stopping the timer that starts the unit if kni-demo never undoes the change. */
  z.object({
    kind: z.literal('service-stopped'),
    node: z.string(),
    unit: z.string(),
    timer: z.string().optional(),
  }),
  /** Undone by restoring the files and restarting `units`, in this order. */
  z.object({
    kind: z.literal('files-changed'),
    node: z.string(),
    files: z.array(savedFile),
    units: z.array(z.string()),
  }),
  /**
   * All pods of a node got their networks from somewhere else. Undone by `switchBack`: it restores the files, starts `units`, removes
   * the directories in `scratch`, and lets the kubelet create new sandboxes.
   */
  z.object({
    kind: z.literal('node-switched'),
    node: z.string(),
    /** For messages: `CNI`. */
    to: z.string(),
    files: z.array(savedFile),
    units: z.array(z.string()),
    scratch: z.array(absolutePath),
  }),
  /**
   * A node runs another network runtime, named by a drop-in of kni.service. Undone by `switchRuntimeBack`: it puts back the former
   * drop-in, and lets the kubelet create new sandboxes.
   */
  z.object({
    kind: z.literal('runtime-switched'),
    node: z.string(),
    /** For messages: the directory or file of the runtime. */
    to: z.string(),
    file: savedFile,
  }),
  /**
   * A node runs a version of a runtime that is developed, and it was not proved yet. Undone by `restoreVersion`: it puts back the
   * version that was proved last.
   */
  z.object({
    kind: z.literal('version-deployed'),
    node: z.string(),
    /** For messages: the directory of the runtime. */
    source: z.string(),
    /** The name of its file on the node. */
    program: z.string().regex(/^[\w.-]+$/),
    /** The sha256 of the proved version in hexadecimal. */
    proved: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  /** Undone by deleting the objects. */
  z.object({kind: z.literal('objects-created'), objects: z.array(clusterObject)}),
  /** Undone by deleting the bridge, and its directory of leases if that has none. The plugins leave both behind. */
  z.object({
    kind: z.literal('network-created'),
    node: z.string(),
    bridge: z.string().regex(/^[\w.-]{1,15}$/),
    leases: z.string().startsWith('/var/lib/kni/ipam/'),
  }),
]);
export type Change = z.infer<typeof change>;
export type SwitchedNode = Extract<Change, {kind: 'node-switched'}>;
export type DeployedVersion = Extract<Change, {kind: 'version-deployed'}>;
export type SwitchedRuntime = Extract<Change, {kind: 'runtime-switched'}>;

/** Describes the change as part of a sentence: `kni stopped on test1-worker`. */
export const describeChange = (each: Change): string => {
  switch (each.kind) {
    case 'service-stopped':
      return `${each.unit} stopped on ${each.node}`;
    case 'files-changed':
      return `${each.files.map(({path}) => path).join(', ')} changed on ${each.node}`;
    case 'node-switched':
      return `${each.node} switched to ${each.to}`;
    case 'runtime-switched':
      return `network runtime of ${each.node} replaced by ${each.to}`;
    case 'version-deployed':
      return `a version of ${each.source} on ${each.node} that was not proved`;
    case 'objects-created':
      return `${each.objects.map(({resource, name}) => `${resource} ${name}`).join(', ')} created`;
    case 'network-created':
      return `bridge ${each.bridge} created on ${each.node}`;
  }
};

/** The node that must run so that the change can be undone; undefined: the control plane. */
export const nodeOf = (each: Change): string | undefined =>
  each.kind === 'objects-created' ? undefined : each.node;
