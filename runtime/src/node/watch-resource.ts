/** Lists the objects of a resource, then watches for changes. */
import {arrayOf, objectOf, stringOf} from '../lib/json.ts';
import {ApiRefused, getJson, streamJson} from './api-client.ts';
import type {Cluster} from './kubeconfig.ts';

export interface Resource<Item> {
  /** The API path, such as /api/v1/nodes. */
  readonly path: string;
  /** Extracts the needed fields of an object of unknown shape. */
  readonly itemOf: (object: unknown) => Item;
}

/**
 * The API server ends a watch after this time. Kubernetes 1.20 sends no bookmark before, so a watch of objects that do not change
 * is silent until then.
 */
const watchSeconds = 120;
const idleMs = 150_000;

/** Yields all items after every change. Returns when the API server ends the watch; throws if it does not respond. */
export async function* watchResource<Item>(
  {path, itemOf}: Resource<Item>,
  readCluster: () => Promise<Cluster>,
  signal: AbortSignal,
): AsyncGenerator<readonly Item[]> {
  const cluster = await readCluster();
  const list = objectOf(await getJson({cluster, path, signal}));
  const items = new Map(arrayOf(list['items']).map((object) => [keyOf(object), itemOf(object)]));
  yield [...items.values()];

  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(watchSeconds),
    resourceVersion: stringOf(objectOf(list['metadata'])['resourceVersion']) ?? '',
  });
  const watched = {cluster, path: `${path}?${query.toString()}`, signal};
  for await (const event of streamJson(watched, idleMs)) {
    const {type, object} = objectOf(event);
    // An expired resourceVersion arrives as an event; the caller must list the objects again.
    if (type === 'ERROR') throw new ApiRefused(Number(objectOf(object)['code']), 'the watch was ended');
    if (type === 'BOOKMARK') continue;
    if (type === 'DELETED') items.delete(keyOf(object));
    else items.set(keyOf(object), itemOf(object));
    yield [...items.values()];
  }
}

const keyOf = (object: unknown): string => {
  const {namespace, name} = objectOf(objectOf(object)['metadata']);
  return JSON.stringify([namespace, name]);
};
