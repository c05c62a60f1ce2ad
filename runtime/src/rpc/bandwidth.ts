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
/** As containerd sends it: a burst is not what Kubernetes limits. */
const unlimitedBurst = 0xffff_ffff;
/** As Kubernetes has it: 1k to 1P. */
const limits = {least: 1e3, most: 1e15};

export const bandwidthOf = (annotations: Readonly<Record<string, string>>): Bandwidth | undefined => {
  const ingress = rateOf(annotations, annotationOf.ingress);
  const egress = rateOf(annotations, annotationOf.egress);
  if (ingress === undefined && egress === undefined) return undefined;
  return {
    ...(ingress !== undefined && {ingressRate: ingress, ingressBurst: unlimitedBurst}),
    ...(egress !== undefined && {egressRate: egress, egressBurst: unlimitedBurst}),
  };
};

const factors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

const rateOf = (annotations: Readonly<Record<string, string>>, annotation: string): number | undefined => {
  const quantity = annotations[annotation];
  if (quantity === undefined) return undefined;
  const [, digits = '', suffix = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(quantity) ?? [];
  const rate = Math.ceil(Number(digits) * (factors[suffix] ?? Number.NaN));
  if (digits === '' || !(rate >= limits.least && rate <= limits.most))
    throw new InvalidRequest(`the annotation ${annotation} is not a rate from 1k to 1P bits a second`);
  return rate;
};
