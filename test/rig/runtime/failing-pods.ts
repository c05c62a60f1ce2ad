/** Numbered pods, and plugins that fail to clean up after them. */

import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {conflistOf} from './plugins.ts';
import type {PodsRig} from './pods.ts';

export const minutes = (count: number) => count * 60_000;

export const podNumber = (number: number, uid = `uid-${number}`) => {
  const pod = {namespace: 'default', name: `web-${number}`, uid};
  const selector = {...pod, sandbox: `box-${number}`, netns: '', attempt: '0'};
  return {pod, selector, request: {...selector, commonArgs: {}, primaryArgs: {}, selections: []}};
};

export const [one, two, three] = [podNumber(1), podNumber(2), podNumber(3)];

export type TestPod = typeof one;

export const statesOf = async (rig: PodsRig) => (await rig.onDisk()).map(({state}) => state);

/** A network that pods can choose, with the plugin `third`. */
export const side = {namespace: '', name: 'side', ifName: 'net1', capabilityArgs: {}};

export const busy = 'error(999,busy)';

/** A node network whose plugins map host ports. */
export const portNetwork = ({plugins}: Pick<PodsRig, 'plugins'>) =>
  parseConflist(
    conflistOf(plugins, ['first', 'second'], {ownAddresses: true, capabilities: {portMappings: true}}),
  );

/** Asks for this host port. */
export const mapped = ({request}: TestPod, hostPort: number, hostIP?: string) => ({
  ...request,
  primaryArgs: {portMappings: [{hostPort, containerPort: 80, protocol: 'tcp', ...(hostIP && {hostIP})}]},
});
