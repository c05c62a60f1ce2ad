import {describe, expect, it} from 'vitest';
import {forwardingChanges, neighbourChanges} from '../../../runtime/src/node/vxlan-peers.ts';

const macs = {
  kept: '0a:6b:ac:12:00:03',
  stale: '0a:6b:ac:12:00:04',
  added: '0a:6b:ac:12:00:05',
  foreign: '02:00:00:00:00:01',
};

describe('what the kernel knows of other nodes', () => {
  const kept = {mac: macs.kept, to: '172.18.0.3'};

  it('has one forwarding entry for each, and foreign ones', () => {
    const present = [kept, {mac: macs.stale, to: '172.18.0.4'}, {mac: macs.foreign, to: '172.18.0.9'}];
    expect(forwardingChanges(present, [kept, {mac: macs.added, to: '172.18.0.5'}])).toEqual([
      'fdb del 0a:6b:ac:12:00:04 dev kni.vxlan dst 172.18.0.4 self',
      'fdb replace 0a:6b:ac:12:00:05 dev kni.vxlan dst 172.18.0.5 self permanent',
    ]);
    expect(forwardingChanges(present.toReversed(), [kept])).toHaveLength(1);
    expect(forwardingChanges([kept], [kept])).toEqual([]);
  });

  it('has a forwarding entry put right that leads to the wrong address', () => {
    expect(forwardingChanges([{...kept, to: '172.18.0.9'}], [kept])).toEqual([
      'fdb replace 0a:6b:ac:12:00:03 dev kni.vxlan dst 172.18.0.3 self permanent',
    ]);
  });

  it('has one neighbour for each subnet', () => {
    const one = {ip: '10.244.1.0', mac: macs.kept};
    const present = [one, {ip: 'fd00:2::', mac: macs.stale}, {ip: '10.244.3.0', mac: macs.stale}];
    const wanted = [one, {ip: '10.244.3.0', mac: macs.added}];
    expect(neighbourChanges(present, wanted)).toEqual([
      'neigh del fd00:2:: dev kni.vxlan',
      'neigh replace 10.244.3.0 lladdr 0a:6b:ac:12:00:05 dev kni.vxlan nud permanent protocol 107',
    ]);
    expect(neighbourChanges(wanted, wanted)).toEqual([]);
  });
});
