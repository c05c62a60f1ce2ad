/** Host ports, by the real portmap plugin and without a network runtime. */
import {create} from '@bufbuild/protobuf';
import {inject} from 'vitest';
import {PortMappingSchema} from '../../../runtime/src/gen/kni_pb.ts';
import type {TestNode} from './node.ts';

export const tcpPort = (hostPort: number) =>
  create(PortMappingSchema, {protocol: 0, containerPort: 80, hostPort});

/** As another container runtime would ask for it, or ours before it lost the record. */
export const portmap = async (
  node: TestNode,
  network: string,
  sandbox: string,
  {hostPort, netns}: {readonly hostPort: number; readonly netns: string},
): Promise<void> => {
  const {pluginDir} = inject('tools');
  const config = {
    cniVersion: '1.0.0',
    name: network,
    type: 'portmap',
    runtimeConfig: {portMappings: [{hostPort, containerPort: 80, protocol: 'tcp'}]},
    prevResult: {
      cniVersion: '1.0.0',
      interfaces: [{name: 'eth0', sandbox: netns}],
      ips: [
        {address: '10.77.1.99/24', interface: 0},
        {address: 'fd77::99/64', interface: 0},
      ],
    },
  };
  const env = {
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: sandbox,
    CNI_NETNS: netns,
    CNI_IFNAME: 'eth0',
    CNI_PATH: pluginDir,
  };
  const assigned = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  await node.run(['env', ...assigned, `${pluginDir}/portmap`], JSON.stringify(config));
};
