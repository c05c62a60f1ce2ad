/** The pods that install a network, and why they do not run: without them no node becomes Ready. */

import {nameFlag} from '../../cluster/cluster.ts';
import {podsIn} from '../../cluster/pod.ts';
import {UserError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import {parseManifest} from '../../networks/manifest.ts';
import type {Network} from '../../networks/network.ts';
import {getJson} from '../../tools/kubectl.ts';

/**
 * Adds the pods of the network's DaemonSets that are not Ready to an error about nodes. Returns other errors unchanged, and this one,
 * too, if the pods cannot be listed.
 */
export const withWaitingInstallers = async (
  error: unknown,
  {controlPlane, name: cluster}: {readonly controlPlane: Host; readonly name: string},
  {name, manifest}: Pick<Network, 'name' | 'manifest'>,
): Promise<unknown> => {
  if (!(error instanceof UserError) || manifest === undefined) return error;
  const prefixes = parseManifest(manifest).flatMap(({kind, metadata}) =>
    kind === 'DaemonSet' ? [`${metadata.namespace ?? 'default'}/${metadata.name}-`] : [],
  );
  const options = {signal: AbortSignal.timeout(20_000)};
  const listed = await controlPlane.run(getJson('pods', '--all-namespaces'), options).catch(() => undefined);
  const waiting = (listed === undefined ? [] : podsIn(listed.stdout))
    .filter(({ready}) => !ready)
    .map((pod) => ({path: `${pod.namespace}/${pod.name}`, why: pod.why}))
    .filter(({path}) => prefixes.some((prefix) => path.startsWith(prefix)));
  if (waiting.length === 0) return error;
  const {what, why, errorCode: code} = error;
  const lines = waiting.map((pod) => `pod ${pod.path} of network ${name}: ${pod.why}`);
  const lacksImage = waiting.some((pod) => /^(ErrImagePull|ImagePullBackOff)/.test(pod.why));
  const cure = lacksImage
    ? `check that the nodes reach the registry, or load the images: kni-demo image load IMAGE${nameFlag(cluster)}`
    : 'remove the cause';
  const tryThis = `${cure}; then run the same command again, or go back: kni-demo up --cni kni${nameFlag(cluster)}`;
  return new UserError({what, why: [why, ...lines].join('\n'), tryThis, code}, {cause: error});
};
