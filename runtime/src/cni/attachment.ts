/** An attachment: one network connected to one sandbox as one interface (CNI spec, section 3). */

/** All input and output of ADD, because DEL must get the same. */
export interface Attachment {
  readonly network: string;
  readonly ifName: string;
  /** The conflist as text. */
  readonly config: string;
  readonly cniArgs: readonly (readonly [key: string, value: string])[];
  /** By capability. A plugin gets only the capabilities that it declares. */
  readonly capabilityArgs: Readonly<Record<string, unknown>>;
  /** The result of the last plugin as text; absent until ADD has succeeded. */
  readonly result?: string;
  /**
   * After a failed ADD: how many plugins, counted from the first, were started. Absent if all were started, or if a crash
   * left it unknown, which is treated the same.
   */
  readonly started?: number;
  /** Node interfaces that a plugin reported and a later plugin dropped from the result. */
  readonly hostInterfaces?: readonly string[];
  /** How a pod selected this network; finds its current configuration. Absent for the node's own network. */
  readonly selected?: {readonly namespace: string; readonly name: string};
}

/** The sandbox to attach to. */
export interface Target {
  readonly sandbox: string;
  /** Empty for DEL if the netns no longer exists. */
  readonly netns: string;
}
