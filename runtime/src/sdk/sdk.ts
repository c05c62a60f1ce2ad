/** The SDK of kni-demo: the parts of a network runtime for Linux nodes. docs/sdk-reference.md is generated from it. */
export type {Attachment, Target} from '../cni/attachment.ts';
export type {
  AttachInterfaceRequest,
  AttachInterfaceResponse,
  CreateNetworkRequest,
  CreateNetworkResponse,
  DeleteNetworkRequest,
  DetachInterfaceRequest,
  DNSConfig,
  IPConfig,
  Isolation,
  Network,
  PortMapping,
  QueryNodeNetworksRequest,
  QueryNodeNetworksResponse,
  QueryPodNetworkRequest,
  QueryPodNetworkResponse,
  SetupNodeNetworkRequest,
} from '../gen/kni_pb.ts';
export {Protocol} from '../gen/kni_pb.ts';
export {RpcError, type StatusName} from '../lib/rpc-error.ts';
export type {Log, LogFields} from '../log.ts';
export {type AddressPool, createAddressPool} from './address-pool.ts';
export {connectKni, type KniCalls} from './client.ts';
export {type AttachmentOptions, type Cni, type CniOptions, createCni} from './cni.ts';
export {run} from './exec.ts';
export {
  addVeth,
  ensureBridge,
  type NetnsDirectory,
  openNetns,
  removeLink,
  type Veth,
  vethNameOf,
} from './interfaces.ts';
export {log} from './log.ts';
export type {
  CreateNetworkAnswer,
  Extradata,
  InterfaceAnswer,
  NetworkAnswer,
  NodeNetworksAnswer,
  PodNetworkAnswer,
  Trouble,
} from './messages.ts';
export {type NodeNetwork, openNode} from './node.ts';
export {openPods, type PodNetwork, type PodNetworks} from './pods.ts';
export {type Call, type Handlers, type ServeOptions, serve} from './serve.ts';
export {readSettings, type Settings} from './settings.ts';
export {startTestNode, type TestNode, type TestNodeOptions, type TestRuntime} from './test-node.ts';
