/** Reads the nodes, and then every change to them. */
import {arrayOf, objectOf, stringOf} from '../json.ts';
import {ApiRefused, getJson, streamJson} from './api-client.ts';
import {readKubeconfig} from './kubeconfig.ts';
import {type NodeFacts, nodeFactsOf} from './node-facts.ts';

/** The API server ends a watch after this; meanwhile its bookmarks show, once a minute, that it is still there. */
const watchSeconds = 240;
const idleMs = 150_000;

/** Yields all nodes whenever they have changed; ends when the API server ends the watch, and throws when it cannot be asked. */
export async function* watchNodes(
  kubeconfig: string,
  signal: AbortSignal,
): AsyncGenerator<readonly NodeFacts[]> {
  const cluster = await readKubeconfig(kubeconfig);
  const list = objectOf(await getJson({cluster, path: '/api/v1/nodes', signal}));
  const nodes = new Map(
    arrayOf(list['items'])
      .map(nodeFactsOf)
      .map((node) => [node.name, node]),
  );
  yield [...nodes.values()];

  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(watchSeconds),
    resourceVersion: stringOf(objectOf(list['metadata'])['resourceVersion']) ?? '',
  });
  for await (const event of streamJson(
    {cluster, path: `/api/v1/nodes?${query.toString()}`, signal},
    idleMs,
  )) {
    const {type, object} = objectOf(event);
    // An outdated resourceVersion comes as an event: the nodes must be read anew.
    if (type === 'ERROR') throw new ApiRefused(Number(objectOf(object)['code']), 'the watch was ended');
    if (type === 'BOOKMARK') continue;
    const node = nodeFactsOf(object);
    if (type === 'DELETED') nodes.delete(node.name);
    else nodes.set(node.name, node);
    yield [...nodes.values()];
  }
}
