/** A network runtime as its kubelet sees it: one RPC a step. */
import type {KniClient} from '../rig/node/client.ts';
import {newPod} from '../rig/node/pod.ts';
import type {Subject} from './subject.ts';

/** Told twice where the netns is: the first network runtimes look for it in `extradata`. */
export const kniSubject = (name: string, kni: KniClient): Subject => {
  let pods = 0;
  return {
    name,
    cycle: async (_, timed) => {
      const pod = newPod(`bench-${pods++}`);
      const {namespace, name: podName, uid, sandbox: id} = pod;
      const names = {namespace, name: podName};
      const attempt = {uid, attempt: '0'};
      const {netnsPath} = await timed('Create', () => kni.createNetwork({...names, uid, extradata: attempt}));
      const isolation = {path: netnsPath, type: 'netns'};
      const extradata = {...attempt, netns: netnsPath};
      const {ipconfigs} = await timed('Attach', () =>
        kni.attachInterface({...names, id, isolation, extradata}),
      );
      if (!ipconfigs['eth0']?.ip[0]) throw new Error(`${name} attached a pod without an address for eth0`);
      await timed('Query', () => kni.queryPodNetwork({...names, id}));
      await timed('Detach', () => kni.detachInterface({...names, id, isolation, extradata}));
      await timed('Delete', () => kni.deleteNetwork({...names, id, netnsPath, extradata}));
    },
  };
};
