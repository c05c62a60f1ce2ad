/** Host ports and fixed addresses that cleanups still hold, and pods that ask for one of them. */
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

type Claim =
  | {readonly kind: 'port'; readonly protocol: string; readonly port: number; readonly hostIp: string}
  | {readonly kind: 'address'; readonly network: string; readonly ip: string};

interface Held {
  readonly holder: PodNetworkRecord;
  readonly claim: Claim;
}

/** For the one immediate retry of the holders' cleanups, in ms. */
const retryMs = 5_000;

/** Retries the cleanups that hold what the attachments ask for, or waits for them. Call it without the lock of any pod. */
export const releaseHeld = async (
  parts: CleanupParts,
  attachments: readonly Attachment[],
  key: string,
): Promise<void> => {
  const holders = new Set(heldOf(parts, attachments, key).map(({holder}) => holder));
  await Promise.all([...holders].map((holder) => retryOne(parts, holder, retryMs)));
};

/** Throws CleanupUnfinished, which names the holder, when something that the attachments ask for is still held. */
export const refuseHeld = (parts: CleanupParts, attachments: readonly Attachment[], key: string): void => {
  const [held] = heldOf(parts, attachments, key);
  if (!held) return;
  const {holder, claim} = held;
  const pod = podNameOf(holder.pod);
  throw new CleanupUnfinished(
    holder.state === 'attached'
      ? `${textOfClaim(claim)} is held by pod ${pod}, which is still attached`
      : `${textOfClaim(claim)} is still held by an earlier sandbox of pod ${pod}: ${causeOf(parts, holder)}`,
  );
};

const heldOf = (parts: CleanupParts, attachments: readonly Attachment[], key: string): Held[] => {
  const asked = attachments.flatMap(askedClaims);
  if (asked.length === 0) return [];
  const holders = holdersOf(parts, asked).filter((record) => record.key !== key);
  return holders.flatMap((holder) => {
    const holds = holder.attachments.flatMap((each) => [
      ...askedClaims(each),
      ...addedClaims(each, holder.netns),
    ]);
    return asked
      .filter((claim) => holds.some((each) => isSame(each, claim)))
      .map((claim) => ({holder, claim}));
  });
};

/**
 * A pod that was deleted by force may still be attached, and its rules for a host port come first. IPAM itself keeps the
 * addresses of attached pods.
 */
const holdersOf = (parts: CleanupParts, asked: readonly Claim[]): PodNetworkRecord[] => {
  const holding = holdingRecords(parts);
  if (!asked.some(({kind}) => kind === 'port')) return holding;
  return [...holding, ...[...parts.records.all()].filter(({state}) => state === 'attached')];
};

/** What an attachment asks for by capability. */
const askedClaims = ({network, capabilityArgs}: Attachment): Claim[] => [
  ...arrayOf(capabilityArgs['portMappings'])
    .map(objectOf)
    .map(({protocol, hostPort, hostIP}): Claim => {
      const hostIp = stringOf(hostIP) ?? '';
      return {kind: 'port', protocol: String(protocol).toLowerCase(), port: Number(hostPort), hostIp};
    }),
  ...arrayOf(capabilityArgs['ips']).map((ip): Claim => ({kind: 'address', network, ip: bareIp(String(ip))})),
];

const addedClaims = (attachment: Attachment, netns: string): Claim[] =>
  readResult(attachment, netns).interfaces.flatMap(({addresses}) =>
    addresses.map(({ip}): Claim => ({kind: 'address', network: attachment.network, ip: bareIp(ip)})),
  );

/** In the one spelling of an address, without the prefix length. */
const bareIp = (text: string): string => {
  const ip = text.split('/')[0] ?? '';
  return ipaddr.isValid(ip) ? ipaddr.parse(ip).toString() : ip;
};

const isSame = (one: Claim, other: Claim): boolean => {
  if (one.kind === 'port' && other.kind === 'port')
    return one.protocol === other.protocol && one.port === other.port && isSameHost(one.hostIp, other.hostIp);
  return (
    one.kind === 'address' && other.kind === 'address' && one.network === other.network && one.ip === other.ip
  );
};

/** An unspecified address is every address of the node. */
const isSameHost = (one: string, other: string): boolean =>
  one === other || isUnspecified(one) || isUnspecified(other);

const isUnspecified = (ip: string): boolean => isIP(ip) === 0 || /^[0.:]+$/.test(ip);

const textOfClaim = (claim: Claim): string =>
  claim.kind === 'port'
    ? `host port ${claim.port}/${claim.protocol}`
    : `address ${claim.ip} of network ${claim.network}`;
