/** Reads the bandwidth that a pod's annotations ask for (Kubernetes, pkg/util/bandwidth/utils.go). */
import {InvalidRequest} from '../network/errors.ts';

/** In bits a second, and bits (CNI conventions, "bandwidth"). */
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
 * In bits: the size of the token bucket that the plugin makes (tc-tbf(8)). It holds two of the largest packets, which the
 * kernel segments only after the bucket (GSO: 64 KiB each), and 10 ms of the rate, because the kernel refills it at its timer
 * ticks. A full bucket passes at once: with containerd's burst, 0xffffffff, the first 512 MiB of a pod have no limit.
 */
const bursts = {
  least: 2 * 8 * (65_536 + 1024),
  secondsOfRate: 0.01,
  /** The plugin counts time in 32 bits, in units of 64 ns: more than 274 s of the rate overflow. */
  mostSecondsOfRate: 200,
  /** The plugin refuses 4 GiB. */
  most: 0xffff_ffff,
} as const;
/** As Kubernetes has it: 1k to 1P. */
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

/** The suffixes of a quantity (apimachinery, pkg/api/resource/quantity.go). */
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

/** A number, then an exponent or a suffix: `1E3` is 1000, and `1E` more than there is. */
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
