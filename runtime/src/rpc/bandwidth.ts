/** Reads the bandwidth limits in a pod's annotations (Kubernetes, pkg/util/bandwidth/utils.go). */
import {InvalidRequest} from '../network/errors.ts';

/** Rates in bits per second and bursts in bits (CNI conventions, "bandwidth"). */
export interface Bandwidth {
  readonly ingressRate?: number;
  readonly ingressBurst?: number;
  readonly egressRate?: number;
  readonly egressBurst?: number;
}

const annotationOf = {
  ingress: 'kubernetes.io/ingress-bandwidth',
  egress: 'kubernetes.io/egress-bandwidth',
} as const;
/**
 * The burst is the size of the plugin's token bucket in bits (tc-tbf(8)). The bucket must hold two of the largest packets,
 * which the kernel segments only behind the bucket (GSO: 64 KiB each). It must also hold 10 ms of the rate, because the
 * kernel refills it at timer ticks. A full bucket is sent at once: with containerd's burst, 0xffffffff, the first 512 MiB
 * of a pod are not limited.
 */
const bursts = {
  least: 2 * 8 * (65_536 + 1024),
  secondsOfRate: 0.01,
  /** The plugin counts 64 ns units in 32 bits, so more than 274 s of the rate would overflow. */
  mostSecondsOfRate: 200,
  /** The plugin refuses 4 GiB and more. */
  most: 0xffff_ffff,
} as const;
/** The limits of Kubernetes: 1k to 1P. */
const limits = {least: 1e3, most: 1e15};

export const bandwidthOf = (annotations: Readonly<Record<string, string>>): Bandwidth | undefined => {
  const ingress = rateOf(annotations, annotationOf.ingress);
  const egress = rateOf(annotations, annotationOf.egress);
  if (ingress === undefined && egress === undefined) return undefined;
  return {
    ...(ingress !== undefined && {ingressRate: ingress, ingressBurst: burstOf(ingress)}),
    ...(egress !== undefined && {egressRate: egress, egressBurst: burstOf(egress)}),
  };
};

const burstOf = (rate: number): number =>
  Math.ceil(
    Math.min(
      Math.max(bursts.least, bursts.secondsOfRate * rate),
      bursts.mostSecondsOfRate * rate,
      bursts.most,
    ),
  );

/** Suffixes of Kubernetes quantities (apimachinery, pkg/api/resource/quantity.go). */
const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A number, then an exponent or a suffix: `1E3` is 1000, `1E` is 10^18. */
const quantityPattern = /^\+?(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d+)|([a-zA-Z]*))$/;

const rateOf = (annotations: Readonly<Record<string, string>>, annotation: string): number | undefined => {
  const quantity = annotations[annotation];
  if (quantity === undefined) return undefined;
  const [, digits = '', exponent = '', suffix = ''] = quantityPattern.exec(quantity) ?? [];
  const rate = Math.ceil(Number(digits + exponent) * (factors[suffix] ?? Number.NaN));
  if (digits === '' || !(rate >= limits.least && rate <= limits.most))
    throw new InvalidRequest(
      `invalid annotation ${annotation}: must be a rate from 1k to 1P bits per second`,
    );
  return rate;
};
