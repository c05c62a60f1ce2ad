/** An attachment: one network put into one sandbox as one interface (CNI spec, section 3). */

/** Everything ADD was given and has answered; whole, since DEL must be given the same. */
export interface Attachment {
  readonly network: string;
  readonly ifName: string;
  /** Text of the conflist. */
  readonly config: string;
  readonly cniArgs: readonly (readonly [key: string, value: string])[];
  /** By capability; a plugin gets those that it declares. */
  readonly capabilityArgs: Readonly<Record<string, unknown>>;
  /** Text of the last plugin's result; absent until ADD has succeeded. */
  readonly result?: string;
  /**
   * After a failed ADD: how many plugins of the list, counted from the first, were given their configuration. Absent:
   * all of them, or unknown after a crash, which is treated the same.
   */
  readonly started?: number;
  /** Names of interfaces on the node that a plugin reported and a later one dropped from the result. */
  readonly hostInterfaces?: readonly string[];
  /** The selection of a further network, by which its current configuration is found. Absent for the node's own. */
  readonly selected?: {readonly namespace: string; readonly name: string};
}

/** Where to attach. */
export interface Target {
  readonly sandbox: string;
  /** Empty for DEL when the netns is gone. */
  readonly netns: string;
}
