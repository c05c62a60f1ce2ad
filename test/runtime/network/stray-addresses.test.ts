import {setTimeout as delay} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {createRecordIndex} from '../../../runtime/src/network/record-index.ts';
import {createStrayAddresses} from '../../../runtime/src/network/stray-addresses.ts';
import {silent} from '../../rig/runtime/pods.ts';

it('reads hundreds of orphaned netns without queueing a program for each at once', async () => {
  const paths = Array.from({length: 450}, (_, index) => `/run/netns/kni-${index}`);
  let [running, most] = [0, 0];
  const strays = createStrayAddresses({
    netns: {mounted: async () => paths, exists: () => true},
    records: createRecordIndex(),
    inDoubt: async () => true,
    addressesIn: async (path) => {
      most = Math.max(most, ++running);
      await delay(1);
      running--;
      return [`10.1.0.${path.split('-')[1]}`];
    },
    log: silent,
  });
  expect(await strays.holderOf('10.1.0.449')).toBe('/run/netns/kni-449');
  expect(most).toBeLessThanOrEqual(100);
});

it('reads the addresses again after an error', async () => {
  let isShort = true;
  const strays = createStrayAddresses({
    netns: {mounted: async () => ['/run/netns/kni-lost'], exists: () => true},
    records: createRecordIndex(),
    inDoubt: async () => {
      if (isShort) throw new Error('EMFILE');
      return true;
    },
    addressesIn: async () => ['10.1.0.2'],
    log: silent,
  });
  await expect(strays.holderOf('10.1.0.2')).rejects.toThrow('EMFILE');
  isShort = false;
  expect(await strays.holderOf('10.1.0.2')).toBe('/run/netns/kni-lost');
});
