/**
 * The messages of the dashboard: one JSON object per `data:` of its event stream, and per line of a recording. Types only, because
 * the page uses them, too. A reader ignores messages and fields that it does not know.
 */

import type {ClusterEvent} from '../cluster/events/event.ts';

export const feedVersion = 1;

export const actionNames = ['create-pod', 'delete-pod', 'stop-runtime', 'start-runtime', 'drill'] as const;
export type ActionName = (typeof actionNames)[number];

export type FeedMessage =
  | StartMessage
  | EventMessage
  | SnapshotMessage
  | LogMessage
  | LostMessage
  | BackMessage
  | DroppedMessage;

/** The first message of every connection and of every recording. A page that gets it discards its former state. */
export interface StartMessage {
  readonly type: 'start';
  readonly version: number;
  /** RFC 3339, UTC, as in every message. */
  readonly time: string;
  readonly cluster: string;
  readonly readOnly: boolean;
  /** False in a recording. */
  readonly live: boolean;
  /** Empty if the page may not act. */
  readonly actions: readonly ActionName[];
  /** Names of the drills that the action `drill` can run. */
  readonly drills: readonly string[];
}

/** The object that `kni-demo events --json` prints. */
export interface EventMessage extends ClusterEvent {
  readonly type: 'event';
}

/** The object that `kni-demo logs --follow --json` prints: a line of a network runtime's log. It may have further fields. */
export interface LogMessage {
  readonly type: 'log';
  readonly node: string;
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly rpc?: string | undefined;
  /** `<namespace>/<name>` */
  readonly pod?: string | undefined;
  readonly uid?: string | undefined;
  readonly correlation?: string | undefined;
  readonly sandbox?: string | undefined;
  readonly netns?: string | undefined;
  readonly plugin?: string | undefined;
  readonly error?: string | undefined;
  /** Milliseconds. */
  readonly ms?: number | undefined;
}

/** The state of the cluster, whenever it has changed. It replaces the state before. */
export interface SnapshotMessage {
  readonly type: 'snapshot';
  readonly time: string;
  readonly nodes: readonly NodeSnapshot[];
  readonly pods: readonly PodSnapshot[];
}

export interface NodeSnapshot {
  readonly name: string;
  /** `control-plane` or `worker`. */
  readonly role: string;
  /** Whether its container runs. A stopped node has no other facts. */
  readonly running: boolean;
  /** As the API server reports it; undefined if it does not answer. */
  readonly ready?: boolean | undefined;
  /** Why it is not Ready. */
  readonly reason?: string | undefined;
  /** When `ready` changed: RFC 3339. */
  readonly since?: string | undefined;
  /** `v1.20.2` */
  readonly kubelet?: string | undefined;
  /** `containerd://1.6.20` */
  readonly containerRuntime?: string | undefined;
  /** First digits of the fingerprint of the network runtime's build; undefined for the one of the node image. */
  readonly runtime?: string | undefined;
  readonly addresses: readonly string[];
  readonly podCIDRs: readonly string[];
  readonly networks: readonly NetworkSnapshot[];
  /** Why the network runtime does not answer. Then networks are missing, and links may lack their pods. */
  readonly silent?: string | undefined;
  /** Failed cleanups of the node that still hold addresses or host ports. */
  readonly pendingCleanups: number;
  readonly links: readonly LinkSnapshot[];
  readonly routes: readonly RouteSnapshot[];
  readonly tunnels: readonly TunnelSnapshot[];
}

export interface NetworkSnapshot {
  readonly name: string;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reason?: string | undefined;
  /** Number of addresses; undefined if the network does not say. */
  readonly capacity?: number | undefined;
  readonly used?: number | undefined;
}

/** A bridge of the node, or the node's end of a veth pair whose other end is in a pod. */
export interface LinkSnapshot {
  readonly kind: 'bridge' | 'veth';
  readonly name: string;
  readonly up: boolean;
  /** Of a bridge, with prefix length. */
  readonly addresses: readonly string[];
  /** The bridge of a veth. */
  readonly bridge?: string | undefined;
  /** `<namespace>/<name>` of the pod at the other end. */
  readonly pod?: string | undefined;
  /** File name of the netns at the other end. */
  readonly netns?: string | undefined;
}

/** A route to the pods of another node. */
export interface RouteSnapshot {
  /** With prefix length. */
  readonly to: string;
  readonly via: string;
  readonly dev?: string | undefined;
  /** The node with the address `via`, or with the pods `to`. */
  readonly node?: string | undefined;
}

/** A vxlan interface of the node. */
export interface TunnelSnapshot {
  readonly name: string;
  readonly vni?: number | undefined;
  readonly local?: string | undefined;
}

export interface PodSnapshot {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node?: string | undefined;
  readonly phase: string;
  readonly ready: boolean;
  /** Why it is not Ready, in the API server's words. */
  readonly reason?: string | undefined;
  /** It is being deleted. */
  readonly deleting: boolean;
  /** The pod uses its node's network, so it has no interfaces and no sandbox here. */
  readonly hostNetwork: boolean;
  /** As the API server reports them. */
  readonly ips: readonly string[];
  /** On record at the network runtime. */
  readonly interfaces: readonly InterfaceSnapshot[];
  readonly hostPorts: readonly HostPortSnapshot[];
  readonly sandbox?: string | undefined;
  /** State of the runtime's record: created, attaching, attached, detaching, detached or pending. */
  readonly state?: string | undefined;
}

export interface InterfaceSnapshot {
  readonly name: string;
  readonly network?: string | undefined;
  readonly mac?: string | undefined;
  /** With prefix length. */
  readonly addresses: readonly string[];
}

export interface HostPortSnapshot {
  /** `TCP`, `UDP` or `SCTP`. */
  readonly protocol: string;
  readonly hostPort: number;
  readonly containerPort: number;
  /** Undefined: all addresses of the node. */
  readonly hostIp?: string | undefined;
}

/** The cluster does not answer any more, or was deleted. The page keeps the last state, marked as old. */
export interface LostMessage {
  readonly type: 'lost';
  readonly time: string;
  readonly reason: string;
}

/** The cluster answers again. */
export interface BackMessage {
  readonly type: 'back';
  readonly time: string;
}

/** This reader was too slow: the server dropped messages to it. */
export interface DroppedMessage {
  readonly type: 'dropped';
  readonly time: string;
  readonly messages: number;
}

/** The body of `POST actions`, with the content type `application/json`. */
export type ActionRequest =
  | {readonly action: 'create-pod'; readonly name: string; readonly node?: string | undefined}
  /** `pod` is `<namespace>/<name>`. */
  | {readonly action: 'delete-pod'; readonly pod: string}
  | {readonly action: 'stop-runtime' | 'start-runtime'; readonly node: string}
  | {readonly action: 'drill'; readonly name: string};

/** The answer, also to a refused request. It comes when the command has ended. */
export interface ActionResponse {
  readonly ok: boolean;
  /** The command to type for the same effect: `kni-demo pod create mypod`. Empty for an invalid request. */
  readonly commandLine: string;
  /** The output of the command, or why the request was refused. */
  readonly output: string;
}

/** The content of the element `kni-mode`. */
export type PageMode = {readonly mode: 'live'} | {readonly mode: 'replay'; readonly speed: number};
