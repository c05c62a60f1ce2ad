/** Whether the nodes are Ready, and if not, the reason the API server gives. */

import type {Host} from '../host/host.ts';
import {getJson} from '../tools/kubectl.ts';

export interface NodeReadiness {
  readonly name: string;
  readonly ready: boolean;
  /** The Ready condition's message: it carries the network runtime's own words. */
  readonly message: string;
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: {readonly name: string};
    readonly status?: {readonly conditions?: readonly {type: string; status: string; message?: string}[]};
  }[];
}

export const nodeReadiness = async (
  controlPlane: Host,
  signal?: AbortSignal,
): Promise<readonly NodeReadiness[]> => {
  const {stdout} = await controlPlane.run(getJson('nodes'), signal && {signal});
  return (JSON.parse(stdout) as NodeList).items.map(({metadata, status}) => {
    const condition = status?.conditions?.find(({type}) => type === 'Ready');
    return {
      name: metadata.name,
      ready: condition?.status === 'True',
      message: condition?.message ?? 'no condition reported yet',
    };
  });
};
