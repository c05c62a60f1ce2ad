/** Reads all objects of a resource from the API server, and then every change to them. */
import {arrayOf, objectOf, stringOf} from '../lib/json.ts';
import {ApiRefused, getJson, streamJson} from './api-client.ts';
import {readKubeconfig} from './kubeconfig.ts';

export interface Resource<Item> {
  /** Of the API server, such as /api/v1/nodes. */
  readonly path: string;
  /** What is kept of an object, which may be of any shape. */
  readonly itemOf: (object: unknown) => Item;
}

/** The API server ends a watch after this; meanwhile its bookmarks show, once a minute, that it is still there. */
const watchSeconds = 240;
const idleMs = 150_000;

/** Yields all items whenever one has changed; ends when the API server ends the watch, and throws when it cannot be asked. */
export async function* watchResource<Item>(
  {path, itemOf}: Resource<Item>,
  kubeconfig: string,
  signal: AbortSignal,
): AsyncGenerator<readonly Item[]> {
  const cluster = await readKubeconfig(kubeconfig);
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
    // An outdated resourceVersion comes as an event: the objects must be read anew.
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
