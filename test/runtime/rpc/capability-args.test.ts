import {create, type MessageInitShape} from '@bufbuild/protobuf';
import {describe, expect, it} from 'vitest';
import {AttachInterfaceRequestSchema, Protocol} from '../../../runtime/src/gen/kni_pb.ts';
import {InvalidRequest} from '../../../runtime/src/network/errors.ts';
import {commonArgsOf, primaryArgsOf} from '../../../runtime/src/rpc/capability-args.ts';

const argsOf = (init: MessageInitShape<typeof AttachInterfaceRequestSchema>) => {
  const request = create(AttachInterfaceRequestSchema, init);
  return {primary: primaryArgsOf(request), common: commonArgsOf(request)};
};

describe('the capability arguments', () => {
  it('have port mappings as the conventions write them, those without a host port left out', () => {
    const portMappings = [
      {containerPort: 80, hostPort: 8080},
      {containerPort: 53, hostPort: 53, protocol: Protocol.UDP, hostIp: '127.0.0.1'},
      {containerPort: 9, hostPort: 9, protocol: Protocol.SCTP, hostIp: '::1'},
      {containerPort: 443},
    ];
    expect(argsOf({portMappings}).primary).toEqual({
      portMappings: [
        {hostPort: 8080, containerPort: 80, protocol: 'tcp'},
        {hostPort: 53, containerPort: 53, protocol: 'udp', hostIP: '127.0.0.1'},
        {hostPort: 9, containerPort: 9, protocol: 'sctp', hostIP: '::1'},
      ],
    });
  });

  it.each([
    [{hostPort: -1}, 'port_mappings[1].hostPort must be an integer from 1 to 65535'],
    [{hostPort: 65_536}, 'port_mappings[1].hostPort must be an integer from 1 to 65535'],
    [{containerPort: 0}, 'port_mappings[1].containerPort must be an integer from 1 to 65535'],
    [{protocol: 7 as Protocol}, 'port_mappings[1].protocol must be tcp, udp or sctp'],
    [{hostIp: 'node'}, 'port_mappings[1].hostIP must be an IP address without a zone'],
    [{hostIp: 'fe80::1%eth0'}, 'port_mappings[1].hostIP must be an IP address without a zone'],
  ])('refuse a port mapping with %j', (wrong, why) => {
    const portMappings = [{containerPort: 443}, {containerPort: 80, hostPort: 80, ...wrong}];
    expect(() => argsOf({portMappings})).toThrow(InvalidRequest);
    expect(() => argsOf({portMappings})).toThrow(why);
  });

  it('have DNS and cgroup when they are told', () => {
    const dnsConfig = {servers: ['10.96.0.10'], searches: ['svc.cluster.local'], options: ['ndots:5']};
    expect(argsOf({dnsConfig, extradata: {cgroup_parent: '/kubepods/pod1'}}).common).toEqual({
      dns: {servers: ['10.96.0.10'], searches: ['svc.cluster.local'], options: ['ndots:5']},
      cgroupPath: '/kubepods/pod1',
    });
  });

  it('are empty for a pod without requests', () => {
    expect(argsOf({})).toEqual({primary: {}, common: {}});
  });

  it("have the pod's annotations, for plugins that want them", () => {
    const annotations = {a: 'b;c=d'};
    expect(argsOf({annotations}).common).toEqual({'io.kubernetes.cri.pod-annotations': annotations});
  });

  // The burst holds two packets of 64 KiB and 10 ms of the rate, but no more than 200 s of it and less than 4 GiB.
  it.each([
    ['10M', 10_000_000, 1_064_960],
    ['1.5k', 1500, 300_000],
    ['2Ki', 2048, 409_600],
    ['1P', 1e15, 0xffff_ffff],
    ['1e9', 1e9, 10_000_000],
    ['+1.5E6', 1_500_000, 1_064_960],
    ['2500000m', 2500, 500_000],
    ['.5G', 5e8, 5_000_000],
  ])('have a bandwidth of %s in bits', (quantity, ingressRate, ingressBurst) => {
    const annotations = {'kubernetes.io/ingress-bandwidth': quantity};
    expect(argsOf({annotations}).primary).toEqual({bandwidth: {ingressRate, ingressBurst}});
  });

  it.each(['', 'fast', '-1M', '1', '2P', '1E', '1Mbit', '1e9x', '1e3M', '1Xi', '.', 'e9', '998000m'])(
    'refuse a bandwidth of %j',
    (quantity) => {
      const annotations = {'kubernetes.io/egress-bandwidth': quantity};
      expect(() => argsOf({annotations})).toThrow('egress-bandwidth: must be a rate');
    },
  );
});
