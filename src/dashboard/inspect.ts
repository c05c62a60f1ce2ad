/** Inspects a pod for the page. */

import {type ClusterPlace, requireCluster} from '../cluster/cluster.ts';
import {podPath} from '../cluster/names.ts';
import {inspectionJson, inspectPod} from '../cluster/pod-inspection.ts';
import {UserError} from '../errors.ts';
import {messageOf} from '../thrown.ts';
import type {LiveContent} from './app.ts';

export interface InspectorOptions {
  readonly place: ClusterPlace;
  readonly cluster: string;
  readonly signal: AbortSignal;
}

/** Returns a function that inspects a pod, `name` or `namespace/name`. */
export const createInspector =
  ({place, cluster: name, signal: ending}: InspectorOptions): LiveContent['inspect'] =>
  async (pod, abandoned) => {
    // A page that shows another pod by now must not leave programs behind.
    const signal = AbortSignal.any([ending, abandoned]);
    try {
      const path = podPath(pod);
      const cluster = await requireCluster(place, name, signal);
      const wanted = path.includes('/') ? path : `default/${path}`;
      return {
        status: 200,
        inspection: inspectionJson(await inspectPod(cluster, wanted, {name, check: false, signal})),
      };
    } catch (error) {
      if (!(error instanceof UserError))
        return {
          status: 503,
          error: {what: `cannot inspect pod ${pod}`, why: messageOf(error), tryThis: 'try again'},
        };
      const {what, why, tryThis, errorCode} = error;
      const status = errorCode === 'KNI-E201' ? 400 : errorCode === 'KNI-E210' ? 404 : 503;
      return {status, error: {what, why, tryThis}};
    }
  };
