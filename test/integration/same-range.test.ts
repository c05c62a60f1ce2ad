import {rm, writeFile} from 'node:fs/promises';
import {beforeAll, describe, expect, it} from 'vitest';
import {startNodeWithRuntime} from '../rig/node/fixture.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, podCidr, type TestRuntime} from '../rig/node/runtime.ts';

/** Another network with the range of the node's network and separate leases, as flannel's plugin keeps them. */
const otherNetwork = (ranges: object[]) =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: 'other',
    plugins: [
      {
        type: 'bridge',
        bridge: 'kni0',
        isGateway: true,
        forceAddress: true,
        ipam: {type: 'host-local', dataDir: `${paths.state}/other-ipam`, ranges: [ranges]},
      },
    ],
  });

describe('a network that replaces the node’s own, over the same range', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  const file = () => node.path(`${paths.conf}/05-other.conflist`);
  beforeAll(async () => {
    const started = await startNodeWithRuntime();
    ({node, runtime} = started);
    return started.stop;
  });

  it('never assigns the address of a running pod', async () => {
    const running = [newPod('one'), newPod('two')];
    const up = [];
    for (const pod of running) up.push(await bringUp(runtime.kni, pod));
    await writeFile(file(), otherNetwork([{subnet: podCidr}]));
    const late = newPod('late');
    const {ip, netns} = await bringUp(runtime.kni, late);
    expect(up.map((each) => each.ip)).not.toContain(ip);
    expect(runtime.log.map(({msg}) => msg)).toContain('address is in use, repeating ADD');

    const [taken = ''] = up.map((each) => each.ip);
    await writeFile(file(), otherNetwork([{subnet: podCidr, rangeStart: taken, rangeEnd: taken}]));
    const refused = newPod('refused');
    const refusedNetns = await createNetwork(runtime.kni, refused);
    await expect(attach(runtime.kni, refused, refusedNetns)).rejects.toMatchObject({
      code: 6,
      details: `network other assigned an address that is in use: ${taken} of pod default/one in network kni`,
    });

    await takeDown(runtime.kni, late, netns);
    await takeDown(runtime.kni, refused, refusedNetns);
    for (const [index, pod] of running.entries()) await takeDown(runtime.kni, pod, up[index]?.netns ?? '');
    await rm(file());
    expect(await leftovers(node)).toEqual(nothing);
  });
});
