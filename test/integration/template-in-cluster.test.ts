import {expect, it} from 'vitest';
import {startNodeApi} from '../rig/node/api.ts';
import {connectTo} from '../rig/node/client.ts';
import {startNode} from '../rig/node/node.ts';
import {bringUp, identify, newPod} from '../rig/node/pod.ts';
import {nodeName, paths} from '../rig/node/runtime.ts';
import {startUserRuntime} from '../rig/node/user-runtime.ts';
import {connectToWorld, world} from '../rig/node/world.ts';
import {bundleTemplate} from '../rig/sdk.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {until} from '../rig/wait.ts';

const UNAVAILABLE = {code: 14};

const own = {name: nodeName, podCIDR: '10.77.1.0/24', internalIp: world.nodeIp};
const other = {name: 'node-b', podCIDR: '10.77.2.0/24', internalIp: '172.30.0.3'};

it('the template takes its podCIDR and its routes from the API server, and needs it only once', {
  timeout: 240_000,
}, async () => {
  await using dir = await tempDir();
  const bundle = await bundleTemplate(dir.join('project'));
  await using node = await startNode();
  await connectToWorld(node);
  const api = await startNodeApi(node);
  const env = {KNI_POD_CIDRS: '', KNI_KUBECONFIG: paths.kubeconfig};
  const routes = () => node.run(['ip', 'route', 'show', 'proto', '107']);
  const starting = startUserRuntime(node, bundle, env);
  const untilNotReady = (reason: string) =>
    until(`it is not ready: ${reason}`, async () => {
      using kni = connectTo(node.path(paths.socket));
      const {networks} = await kni.queryNodeNetworks({}).catch(() => ({networks: []}));
      return networks.some(({ready, extradata}) => !ready && extradata['reason'] === reason);
    });
  await untilNotReady('KubeconfigMissing');
  {
    using kni = connectTo(node.path(paths.socket));
    await expect(kni.deleteNetwork({id: 'any'})).rejects.toMatchObject(UNAVAILABLE);
  }
  await api.writeCredentials();
  await api.server.listen(api.socket);
  api.server.setNodes([{...own, podCIDR: ''}, other]);
  await untilNotReady('PodCIDRMissing');
  api.server.setNodes([own, other]);
  const before = await starting;

  await until('it routes to the other node', async () =>
    (await routes()).startsWith('10.77.2.0/24 via 172.30.0.3'),
  );
  const pod = newPod('web');
  const {netns, ip} = await bringUp(before.kni, pod);
  expect(ip).toBe('10.77.1.2');
  expect(await node.inPod(netns, ['ip', 'link', 'show', 'dev', 'eth0'])).toContain(`mtu ${world.mtu}`);
  expect(await node.run(['iptables', '-t', 'nat', '-S', 'KNI-MASQ'])).toContain('-d 10.77.2.0/24 -j RETURN');
  api.server.setNodes([own]);
  await until('the route goes with the node', async () => (await routes()) === '');
  await before.stop('SIGKILL');

  // As `runtime use` starts it: the podCIDRs are given, and the routes still come from the API server.
  api.server.setNodes([own, other]);
  const given = await startUserRuntime(node, bundle, {...env, KNI_POD_CIDRS: own.podCIDR});
  await until('it routes to the other node again', async () => (await routes()).startsWith('10.77.2.0/24'));
  await given.stop('SIGKILL');

  await api[Symbol.asyncDispose]();
  await using after = await startUserRuntime(node, bundle, env);
  expect((await after.kni.queryPodNetwork(identify(pod))).ipconfigs['eth0']?.ip).toEqual([ip]);
  expect((await bringUp(after.kni, newPod('next'))).ip).toBe('10.77.1.3');
});
