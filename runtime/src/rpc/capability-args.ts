/** Says what a request asks for in the well-known capabilities of CNI (CONVENTIONS.md, "Dynamic plugin specific fields"). */
import {isIP} from 'node:net';
import {type AttachInterfaceRequest, type PortMapping, Protocol} from '../gen/kni_pb.ts';
import {InvalidRequest} from '../network/errors.ts';

export const capabilityArgsOf = (request: AttachInterfaceRequest): Record<string, unknown> => {
  const {portMappings, dnsConfig, extradata} = request;
  const mapped = portMappings.filter(({hostPort}) => hostPort !== 0).map(portMappingOf);
  const cgroup = extradata['cgroup_parent'];
  return {
    ...(mapped.length > 0 && {portMappings: mapped}),
    ...(dnsConfig && {
      dns: {servers: dnsConfig.servers, searches: dnsConfig.searches, options: dnsConfig.options},
    }),
    ...(cgroup && {cgroupPath: cgroup}),
  };
};

const protocolNames = new Map<number, string>([
  [Protocol.TCP, 'tcp'],
  [Protocol.UDP, 'udp'],
  [Protocol.SCTP, 'sctp'],
]);

const portMappingOf = ({protocol, containerPort, hostPort, hostIp}: PortMapping) => {
  const name = protocolNames.get(protocol);
  if (!name || !isPort(containerPort) || !isPort(hostPort))
    throw new InvalidRequest('a port mapping is not valid');
  if (hostIp && isIP(hostIp) === 0) throw new InvalidRequest('the host IP of a port mapping is not valid');
  return {hostPort, containerPort, protocol: name, ...(hostIp && {hostIP: hostIp})};
};

const isPort = (port: number): boolean => port >= 1 && port <= 65_535;
