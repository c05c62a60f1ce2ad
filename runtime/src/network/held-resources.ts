/** Finds host ports and fixed addresses that a pod requests while another pod or a cleanup still holds them. */
import {isIP} from 'node:net';
import ipaddr from 'ipaddr.js';
import type {Attachment} from '../cni/attachment.ts';
import {readResult} from '../cni/result.ts';
import {arrayOf, objectOf, stringOf} from '../lib/json.ts';
import {CleanupUnfinished} from './errors.ts';
import type {CleanupParts} from './lifecycle.ts';
import {podNameOf} from './pod-ref.ts';
import type {PodNetworkRecord} from './record.ts';
import {causeOf, holdingRecords, retryOne} from './unfinished-cleanups.ts';

type Resource =
  | {readonly kind: 'port'; readonly protocol: string; readonly port: number; readonly hostIp: string}
  | {readonly kind: 'address'; readonly network: string; readonly ip: string};

interface HeldResource {
  readonly holder: PodNetworkRecord;
  readonly resource: Resource;
}

/** For the one immediate retry of the holders' cleanups, in ms. */
const retryMs = 5_000;

/** Retries the cleanups that hold what the attachments request. Call it without any pod's lock. */
export const releaseHeldResources = async (
  parts: CleanupParts,
  attachments: readonly Attachment[],
  key: string,
): Promise<void> => {
  const holders = new Set(heldResources(parts, attachments, key).map(({holder}) => holder));
  await Promise.all([...holders].map((holder) => retryOne(parts, holder, retryMs)));
};

/** Throws CleanupUnfinished, which names the holder, when something that the attachments request is still held. */
export const refuseHeldResources = (
  parts: CleanupParts,
  attachments: readonly Attachment[],
  key: string,
): void => {
  const [held] = heldResources(parts, attachments, key);
  if (!held) return;
  const {holder, resource} = held;
  const pod = podNameOf(holder.pod);
  throw new CleanupUnfinished(
    holder.state === 'attached'
      ? `${textOfResource(resource)} is held by pod ${pod}, which is still attached`
      : `${textOfResource(resource)} is still held by an earlier sandbox of pod ${pod}: ${causeOf(parts, holder)}`,
  );
};

const heldResources = (
  parts: CleanupParts,
  attachments: readonly Attachment[],
  key: string,
): HeldResource[] => {
  const requested = attachments.flatMap(requestedResources);
  if (requested.length === 0) return [];
  const holders = holdersOf(parts, requested).filter((record) => record.key !== key);
  return holders.flatMap((holder) => {
    const held = resourcesOf(holder);
    return requested
      .filter((resource) => held.some((each) => isSame(each, resource)))
      .map((resource) => ({holder, resource}));
  });
};

/**
 * A pod that was deleted by force may still be attached, and its rules for a host port take precedence. IPAM itself keeps the
 * addresses of attached pods.
 */
const holdersOf = (parts: CleanupParts, requested: readonly Resource[]): PodNetworkRecord[] => {
  const holding = holdingRecords(parts);
  if (!requested.some(({kind}) => kind === 'port')) return holding;
  return [...holding, ...[...parts.records.all()].filter(({state}) => state === 'attached')];
};

const resourcesOf = ({attachments, netns}: PodNetworkRecord): Resource[] =>
  attachments.flatMap((each) => [...requestedResources(each), ...assignedAddresses(each, netns)]);

/** Resources that an attachment requests by capability. */
const requestedResources = ({network, capabilityArgs}: Attachment): Resource[] => [
  ...arrayOf(capabilityArgs['portMappings'])
    .map(objectOf)
    .map(({protocol, hostPort, hostIP}): Resource => {
      const hostIp = stringOf(hostIP) ?? '';
      return {kind: 'port', protocol: String(protocol).toLowerCase(), port: Number(hostPort), hostIp};
    }),
  ...arrayOf(capabilityArgs['ips']).map(
    (ip): Resource => ({kind: 'address', network, ip: bareIp(String(ip))}),
  ),
];

const assignedAddresses = (attachment: Attachment, netns: string): Resource[] =>
  readResult(attachment, netns).interfaces.flatMap(({addresses}) =>
    addresses.map(({ip}): Resource => ({kind: 'address', network: attachment.network, ip: bareIp(ip)})),
  );

/** The canonical spelling, without the prefix length. */
const bareIp = (text: string): string => {
  const ip = text.split('/')[0] ?? '';
  return ipaddr.isValid(ip) ? ipaddr.parse(ip).toString() : ip;
};

const isSame = (one: Resource, other: Resource): boolean => {
  if (one.kind === 'port' && other.kind === 'port')
    return one.protocol === other.protocol && one.port === other.port && isSameHost(one.hostIp, other.hostIp);
  return (
    one.kind === 'address' && other.kind === 'address' && one.network === other.network && one.ip === other.ip
  );
};

/** An unspecified address stands for every address of the node. */
const isSameHost = (one: string, other: string): boolean =>
  one === other || isUnspecified(one) || isUnspecified(other);

const isUnspecified = (ip: string): boolean => isIP(ip) === 0 || /^[0.:]+$/.test(ip);

const textOfResource = (resource: Resource): string =>
  resource.kind === 'port'
    ? `host port ${resource.port}/${resource.protocol}`
    : `address ${resource.ip} of network ${resource.network}`;
