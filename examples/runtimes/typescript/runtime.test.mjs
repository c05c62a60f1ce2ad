/** Runs the bundle of `kni-demo runtime build .` in new network namespaces. Run it as root: `sudo node --test`. */

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startTestNode} from './.kni/sdk.js';

const pod = {namespace: 'default', name: 'web', uid: 'uid-web', id: 'sandbox-web'};
const call = {...pod, extradata: {uid: pod.uid}};

let node;
let runtime;
before(async () => {
  node = await startTestNode();
  runtime = await node.startRuntime('runtime.mjs');
});
after(() => node.remove());

test('a pod gets an address, and its gateway is the node', async () => {
  const {netnsPath} = await runtime.kni.createNetwork(pod);
  const {ipconfigs} = await runtime.kni.attachInterface({
    ...call,
    isolation: {path: netnsPath, type: 'netns'},
  });
  assert.deepEqual(ipconfigs.eth0.ip, ['10.99.0.2']);
  const inPod = ['nsenter', `--net=${netnsPath}`];
  assert.match(await node.run([...inPod, 'ip', 'address', 'show', 'dev', 'eth0']), /inet 10\.99\.0\.2\/24/);
  assert.match(await node.run([...inPod, 'ip', 'route', 'get', '1.1.1.1']), /via 10\.99\.0\.1 dev eth0/);
});

test('a pod keeps its network when the runtime is killed', async () => {
  await runtime.stop('SIGKILL');
  runtime = await node.startRuntime('runtime.mjs');
  const {ipconfigs} = await runtime.kni.queryPodNetwork(call);
  assert.deepEqual(ipconfigs.eth0.ip, ['10.99.0.2']);
});

test('a deleted pod leaves nothing', async () => {
  await runtime.kni.detachInterface(call);
  await runtime.kni.deleteNetwork(call);
  await assert.rejects(runtime.kni.queryPodNetwork(call), {code: 5});
  assert.equal(await node.run(['ip', 'link', 'show', 'type', 'veth']), '');
});
