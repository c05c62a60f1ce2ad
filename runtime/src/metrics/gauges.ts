/** Gauges that are computed at every scrape: records, quarantine, address pools, refused podCIDRs. */
import {Gauge, type Registry} from 'prom-client';
import {slices} from '../lib/slices.ts';
import {isUndone, type PodNetworkRecord, shownAttachments, states} from '../network/record.ts';
import type {Pool} from '../node/address-pool.ts';
import {type RefusedPodCidr, refusalKinds} from '../node/pod-cidrs.ts';

export interface GaugeSources {
  readonly records: () => Iterable<PodNetworkRecord>;
  readonly pools: () => Promise<readonly Pool[]>;
  readonly quarantined: () => Promise<number>;
  readonly refusedPodCidrs: () => readonly RefusedPodCidr[];
}

/** Keeps gauges out of prom-client's global registry. */
const registers: Registry[] = [];

export const addGauges = (registry: Registry, sources: GaugeSources): void => {
  const gauges = [...gaugesOfRecords(sources), gaugeOfPools(sources), gaugeOfRefused(sources)];
  for (const gauge of gauges) registry.registerMetric(gauge);
};

const gaugesOfRecords = ({records, quarantined}: GaugeSources): Gauge[] => [
  valueOf('kni_records_quarantined', 'Files in the quarantine: records may be lost', quarantined),
  valueOf(
    'kni_undo_pending',
    'Pod networks that wait for their cleanup',
    async () => [...records()].filter((record) => record.state !== 'attached' && !isUndone(record)).length,
  ),
  new Gauge({
    name: 'kni_pending_cleanups',
    help: 'Pending cleanups, whose leases and host ports stay reserved, by network',
    labelNames: ['network'],
    registers,
    collect() {
      const counts = new Map<string, number>();
      for (const {state, attachments} of records())
        if (state === 'pending')
          for (const {network} of attachments) counts.set(network, (counts.get(network) ?? 0) + 1);
      this.reset();
      for (const [network, count] of counts) this.set({network}, count);
    },
  }),
  new Gauge({
    name: 'kni_pod_networks',
    help: 'Pod networks by the state of their record',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of states) this.set({state}, 0);
      for (const {state} of records()) this.inc({state});
    },
  }),
  new Gauge({
    name: 'kni_attachments',
    help: 'Interfaces of pods without loopback, by network',
    labelNames: ['network'],
    registers,
    async collect() {
      const counts = new Map<string, number>();
      for await (const some of slices([...records()]))
        for (const {network, result} of some
          .filter(({state}) => state !== 'pending')
          .flatMap(shownAttachments))
          if (result !== undefined) counts.set(network, (counts.get(network) ?? 0) + 1);
      this.reset();
      for (const [network, count] of counts) this.set({network}, count);
    },
  }),
];

const valueOf = (name: string, help: string, value: () => Promise<number>): Gauge =>
  new Gauge({
    name,
    help,
    registers,
    async collect() {
      // One unreadable value must not make the whole scrape fail.
      this.set(await value().catch(() => Number.NaN));
    },
  });

const gaugeOfPools = ({pools}: GaugeSources): Gauge =>
  new Gauge({
    name: 'kni_pool_addresses',
    help: 'Capacity and used addresses of a network, by range set',
    labelNames: ['network', 'range_set', 'state'],
    registers,
    async collect() {
      this.reset();
      for (const {network, rangeSet, capacity, used} of await pools().catch(() => [])) {
        this.set({network, range_set: rangeSet, state: 'capacity'}, Number(capacity));
        this.set({network, range_set: rangeSet, state: 'used'}, used);
      }
    },
  });

const gaugeOfRefused = ({refusedPodCidrs}: GaugeSources): Gauge =>
  new Gauge({
    name: 'kni_refused_pod_cidrs',
    help: 'podCIDRs of nodes that this node refuses, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      for (const reason of refusalKinds) this.set({reason}, 0);
      for (const {kind} of refusedPodCidrs()) this.inc({reason: kind});
    },
  });
