import {create, type MessageInitShape} from '@bufbuild/protobuf';
import {describe, expect, it} from 'vitest';
import {AttachInterfaceRequestSchema, Protocol} from '../../../runtime/src/gen/kni_pb.ts';
import {capabilityArgsOf} from '../../../runtime/src/rpc/capability-args.ts';

const argsOf = (request: MessageInitShape<typeof AttachInterfaceRequestSchema>) =>
  capabilityArgsOf(create(AttachInterfaceRequestSchema, request));

describe('the capability arguments', () => {
  it('have port mappings as the conventions write them, those without a host port left out', () => {
    const portMappings = [
      {containerPort: 80, hostPort: 8080},
      {containerPort: 53, hostPort: 53, protocol: Protocol.UDP, hostIp: '127.0.0.1'},
      {containerPort: 9, hostPort: 9, protocol: Protocol.SCTP, hostIp: '::1'},
      {containerPort: 443},
    ];
    expect(argsOf({portMappings})).toEqual({
      portMappings: [
        {hostPort: 8080, containerPort: 80, protocol: 'tcp'},
        {hostPort: 53, containerPort: 53, protocol: 'udp', hostIP: '127.0.0.1'},
        {hostPort: 9, containerPort: 9, protocol: 'sctp', hostIP: '::1'},
      ],
    });
  });

  it('have DNS and cgroup when they are told', () => {
    const dnsConfig = {servers: ['10.96.0.10'], searches: ['svc.cluster.local'], options: ['ndots:5']};
    expect(argsOf({dnsConfig, extradata: {cgroup_parent: '/kubepods/pod1'}})).toEqual({
      dns: {servers: ['10.96.0.10'], searches: ['svc.cluster.local'], options: ['ndots:5']},
      cgroupPath: '/kubepods/pod1',
    });
  });

  it('are none when nothing is asked for', () => {
    expect(argsOf({})).toEqual({});
  });
});
