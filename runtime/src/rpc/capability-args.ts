/** Converts a request to well-known CNI capabilities (CONVENTIONS.md, "Dynamic plugin specific fields"). */
import {type AttachInterfaceRequest, type PortMapping, Protocol} from '../gen/kni_pb.ts';
import {portMappingProblem} from '../network/capability-checks.ts';
import {InvalidRequest} from '../network/errors.ts';
import type {CapabilityArgs} from '../network/record.ts';
import {bandwidthOf} from './bandwidth.ts';

/** Capabilities for the node's network only: host ports and bandwidth of eth0. */
export const primaryArgsOf = ({portMappings, annotations}: AttachInterfaceRequest): CapabilityArgs => {
  const mapped = portMappings.flatMap((mapping, index) =>
    mapping.hostPort === 0 ? [] : [portMappingOf(mapping, index)],
  );
  const bandwidth = bandwidthOf(annotations);
  return {...(mapped.length > 0 && {portMappings: mapped}), ...(bandwidth && {bandwidth})};
};

/** Capabilities for every network of the pod. */
export const commonArgsOf = ({dnsConfig, extradata, annotations}: AttachInterfaceRequest): CapabilityArgs => {
  const cgroup = extradata['cgroup_parent'];
  return {
    ...(dnsConfig && {
      dns: {servers: dnsConfig.servers, searches: dnsConfig.searches, options: dnsConfig.options},
    }),
    ...(cgroup && {cgroupPath: cgroup}),
    // A capability of containerd (go-cni, WithCapability) that passes the pod's annotations to plugins.
    ...(Object.keys(annotations).length > 0 && {'io.kubernetes.cri.pod-annotations': annotations}),
  };
};

const protocolNames = new Map<number, string>([
  [Protocol.TCP, 'tcp'],
  [Protocol.UDP, 'udp'],
  [Protocol.SCTP, 'sctp'],
]);

const portMappingOf = ({protocol, containerPort, hostPort, hostIp}: PortMapping, index: number) => {
  const name = protocolNames.get(protocol);
  const mapping = {hostPort, containerPort, protocol: name, ...(hostIp && {hostIP: hostIp})};
  const problem = portMappingProblem(mapping, `port_mappings[${index}]`);
  if (problem) throw new InvalidRequest(problem);
  return mapping;
};
