/** Creates many pods at once on one worker. */

import {until} from '../wait.ts';
import {apply, kubectl} from './cluster.ts';
import {samplePod} from './pods.ts';

/** The default fits a machine with two cores. */
export const crowdSize = Number(process.env['KNI_E2E_PODS'] ?? 12);

/** Facts that must not change while a pod lives. */
export interface Member {
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  readonly restarts: string;
  readonly container: string;
}

const label = 'crowd';

export const namesOf = (crowd: string, size: number): readonly string[] =>
  Array.from({length: size}, (_, index) => `${crowd}-${index}`);

/** Creates pods with these names and the label of the crowd. `spec` returns more fields for each. */
export const create = (
  crowd: string,
  names: readonly string[],
  spec: (index: number) => Record<string, unknown> = () => ({}),
): Promise<void> =>
  apply({
    apiVersion: 'v1',
    kind: 'List',
    items: names.map((name, index) => {
      const pod = samplePod(name, {spec: spec(index)});
      return {...pod, metadata: {...pod.metadata, labels: {[label]: crowd}}};
    }),
  });

export const membersOf = async (crowd: string): Promise<readonly Member[]> => {
  const status = '.status.containerStatuses[0]';
  const columns = [
    '.metadata.name',
    '.metadata.uid',
    '.status.podIP',
    `${status}.restartCount`,
    `${status}.containerID`,
  ];
  const line = columns.map((column) => `{${column}}{"|"}`).join('');
  const printed = await kubectl(
    'get',
    'pods',
    '-l',
    `${label}=${crowd}`,
    '-o',
    `jsonpath={range .items[*]}${line}{"\\n"}{end}`,
  );
  return printed
    .split('\n')
    .filter(Boolean)
    .map((pod) => {
      const [name = '', uid = '', ip = '', restarts = '', container = ''] = pod.split('|');
      return {name, uid, ip, restarts, container};
    });
};

/** Resolves when `count` of the crowd are Ready. */
export const ready = (crowd: string, count: number): Promise<true> =>
  until(
    `${count} pods of ${crowd} to be Ready`,
    async () => {
      const path = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';
      const printed = await kubectl('get', 'pods', '-l', `${label}=${crowd}`, '-o', `jsonpath=${path}`);
      return printed.split('\n').filter((status) => status === 'True').length === count;
    },
    300_000,
  );

export const remove = async (crowd: string): Promise<void> => {
  await kubectl('delete', 'pods', '-l', `${label}=${crowd}`, '--wait=false');
  await gone(crowd);
};

/** Resolves when the API server has no pod of the crowd any more. */
export const gone = (crowd: string): Promise<true> =>
  until(`the pods of ${crowd} to be gone`, async () => (await membersOf(crowd)).length === 0, 300_000);
