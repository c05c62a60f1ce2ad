import {expect, it} from 'vitest';
import {parseSockets} from '../../src/tools/ss.ts';

const printed = `ESTAB 0      0                   172.18.0.4:57316              172.18.0.5:6443 users:(("kubelet",pid=269,fd=35)) bbr wscale:10,10 rto:208 rtt:7.706/12.33 bytes_sent:16412 bytes_acked:16413
ESTAB 0      0      [fc00:f853:ccd:e793::4]:42150 [fc00:f853:ccd:e793::5]:6443 users:(("node",pid=171,fd=32)) bbr wscale:10,10 rto:204 bytes_sent:3372 bytes_acked:3373
`;

it('reads owners and byte counts of IPv4 and IPv6 connections', () => {
  expect(parseSockets(printed)).toEqual([
    {local: '172.18.0.4:57316', peer: '172.18.0.5:6443', pid: '269', sent: 16412},
    {local: '[fc00:f853:ccd:e793::4]:42150', peer: '[fc00:f853:ccd:e793::5]:6443', pid: '171', sent: 3372},
  ]);
});

it('reads closed connections, which have no owner', () => {
  const closed = '0      0      [::ffff:172.18.0.5]:6443 [::ffff:172.18.0.4]:60280\n';
  expect(parseSockets(closed)).toEqual([
    {local: '[::ffff:172.18.0.5]:6443', peer: '[::ffff:172.18.0.4]:60280', pid: undefined, sent: 0},
  ]);
});
