/** What handlers answer. runtime/proto/kni.proto defines the messages; here, fields that may be empty are optional. */

/** Further facts, by name. */
export type Extradata = Readonly<Record<string, string>>;

export interface CreateNetworkAnswer {
  /** Path of the netns, a bind mount that stays until DeleteNetwork. */
  readonly netnsPath: string;
  readonly extradata?: Extradata;
}

/** The answer of AttachInterface and QueryPodNetwork. */
export interface PodNetworkAnswer {
  /** The pod's interfaces by name; `eth0` is the primary one. Without `lo` and without interfaces of the node. */
  readonly ipconfigs: Readonly<Record<string, InterfaceAnswer>>;
  readonly extradata?: Extradata;
}

export interface InterfaceAnswer {
  /** Addresses without prefix length, the pod's main address first. */
  readonly ip: readonly string[];
  readonly mac?: string;
  readonly extradata?: Extradata;
}

export interface NodeNetworksAnswer {
  readonly networks: readonly NetworkAnswer[];
  readonly extradata?: Extradata;
}

export interface NetworkAnswer {
  readonly name: string;
  /** Whether pods can be attached to it. The node is Ready only if a network is. */
  readonly ready: boolean;
  /** Of a network that is not ready: a `Trouble`. */
  readonly extradata?: Extradata;
}

/** Why a network is not ready. Equal causes must have equal texts, because Kubernetes aggregates events by them. */
export type Trouble = Extradata & {
  /** One word in CamelCase: `AddressPoolExhausted`. */
  readonly reason: string;
  /** One sentence. */
  readonly message: string;
  /** `unaffected` if only new pods cannot be attached; then the kubelet need not evict pods. */
  readonly running_pods?: 'unaffected';
};
