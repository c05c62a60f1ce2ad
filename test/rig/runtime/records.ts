/** A record of an attached pod network. */

import type {PodNetworkRecord} from '../../../runtime/src/network/record.ts';
import {openRecordStore} from '../../../runtime/src/network/record-store.ts';

export const config = '{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"a","big":9007199254740993}]}';

export const record: PodNetworkRecord = {
  key: 'uid-1a2b',
  pod: {namespace: 'default', name: 'web', uid: 'uid'},
  attempt: '0',
  netns: '/run/netns/kni-uid-1a2b',
  state: 'attached',
  sandbox: 'box',
  request: 'digest',
  attachments: [
    {
      network: 'net',
      ifName: 'eth0',
      config,
      cniArgs: [['IgnoreUnknown', '1']],
      capabilityArgs: {portMappings: [{hostPort: 80}]},
      result: '{"cniVersion":"1.0.0","big":9007199254740993}',
    },
  ],
};

export const keysOf = (records: readonly PodNetworkRecord[]) => records.map(({key}) => key);

export const loadedFrom = async (dir: string) => {
  await using store = await openRecordStore(dir);
  return store.loaded;
};
