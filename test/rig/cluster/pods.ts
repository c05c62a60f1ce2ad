/** Creates, reads and deletes pods of the cluster. */

import {until} from '../wait.ts';
import {kubectl, value, worker} from './cluster.ts';
import {conditionOf} from './nodes.ts';

/** The pod that `up` leaves behind. */
export const sample = 'samplepod';

export const podSubnet = /^10\.244\.\d+\.\d+$/;

export const samplePod = (
  name: string,
  extra: {annotations?: Record<string, string>; spec?: Record<string, unknown>},
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {name, annotations: extra.annotations ?? {}},
  spec: {
    nodeName: worker,
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: 'kni-demo/sample:1',
        imagePullPolicy: 'IfNotPresent',
        command: ['/bin/ash', '-c', 'trap : TERM INT; sleep infinity & wait'],
        ...(extra.spec?.['container'] as object | undefined),
      },
    ],
    ...Object.fromEntries(Object.entries(extra.spec ?? {}).filter(([key]) => key !== 'container')),
  },
});

export const podIp = (name: string): Promise<string> => value('.status.podIP', 'pod', name);

export const podReady = (name: string): Promise<true> =>
  until(`pod ${name} to be Ready`, async () => (await conditionOf('pod', name)) === 'True');

/** Deletes the pods and waits until they are gone. On a busy node this takes longer than the timeout of one command. */
export const removePods = async (...names: readonly string[]): Promise<void> => {
  await kubectl('delete', 'pods', ...names, '--wait=false', '--ignore-not-found');
  await until(
    `${names.join(', ')} to be gone`,
    async () => (await kubectl('get', 'pods', ...names, '--ignore-not-found', '-o', 'name')) === '',
    300_000,
  );
};

/** Resolves once a ping from the pod is answered; `options` are those of ping. */
export const reaches = (from: string, ip: string, ...options: readonly string[]): Promise<true> =>
  until(`${from} to reach ${ip}`, async () =>
    (await kubectl('exec', from, '--', 'ping', '-c', '1', '-W', '5', ...options, ip)).includes(
      '1 packets received',
    ),
  );

/** Messages of the pod's events. */
export const eventsOf = (pod: string): Promise<string> => {
  const selector = `--field-selector=involvedObject.name=${pod}`;
  return kubectl('get', 'events', selector, '-o', 'jsonpath={.items[*].message}');
};
