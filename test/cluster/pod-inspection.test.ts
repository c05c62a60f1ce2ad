import {describe, expect, it} from 'vitest';
import {clusterOf} from '../../src/cluster/cluster.ts';
import {differencesOf, inspectPodOf, timelineOf} from '../../src/cluster/pod-inspection.ts';
import {parseLogLine} from '../../src/cluster/runtime-log.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {sandboxesOfPod} from '../../src/tools/ctr.ts';
import {inspectPod, parseQuery} from '../../src/tools/kni-runtime.ts';
import {getJson} from '../../src/tools/kubectl.ts';
import {exchange, node, rejection} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';

const {signal} = new AbortController();
const on = (name: string, [file, args]: readonly [string, readonly string[]]) =>
  ['docker', ['exec', name, file, ...args]] as const;
const get = on('test1-control-plane', getJson('-n', 'default', 'pods', '--ignore-not-found', 'a'));
const pod = (spec: object) => JSON.stringify({metadata: {uid: 'u'}, spec});
const inspect = on('test1-worker', inspectPod('default', 'a'));
const refused = async (transcript: string): Promise<UserError> => {
  using host = fakeHost(transcript);
  const cluster = clusterOf(host, [node('test1-control-plane'), node('test1-worker')]);
  return await rejection(inspectPodOf(cluster, 'default/a', signal), UserError);
};

describe('inspecting a pod', () => {
  it.each([
    ['there is no pod default/a', ''],
    ['pod default/a has no network of its own', pod({nodeName: 'test1-worker', hostNetwork: true})],
    ['pod default/a has no network yet', pod({})],
  ])('is bad input where %s', async (what, answer) => {
    expect(await refused(exchange(get, answer))).toMatchObject({what, exitCode: exitCodes.badInput});
  });

  it.each([
    ['NOT_FOUND: the pod is not known', 'the network of pod default/a is not known on test1-worker'],
    ['UNAVAILABLE: nobody answers', 'the network runtime of test1-worker does not answer'],
  ])('fails where the runtime says %s', async (said, what) => {
    const transcript =
      exchange(get, pod({nodeName: 'test1-worker'})) +
      exchange(inspect, `2> kni-runtime: ${said}`, '[exit code 1]');
    expect(await refused(transcript)).toMatchObject({what, exitCode: exitCodes.failed});
  });

  it('asks a runtime without inspector by the sandbox', async () => {
    const query = on('test1-worker', ['/opt/kni/bin/node', ['/opt/kni/kni-runtime.mjs', 'query', 'box']]);
    const transcript =
      exchange(get, pod({nodeName: 'test1-worker'})) +
      exchange(inspect, '2> kni-runtime: UNIMPLEMENTED: unknown service', '[exit code 1]') +
      exchange(on('test1-worker', sandboxesOfPod('u')), 'box') +
      exchange(query, '2> kni-runtime: NOT_FOUND: the sandbox is not known', '[exit code 1]');
    expect(await refused(transcript)).toMatchObject({why: 'the sandbox is not known'});
  });
});

describe('record and kernel', () => {
  const recorded = parseQuery(JSON.stringify({ipconfigs: {eth0: {ip: ['10.0.0.2'], mac: 'aa'}}}), 'box');
  const link = {name: 'eth0', mac: 'aa', mtu: 1500, cidrs: ['10.0.0.2/24']};

  it('agree where only what was told is compared', () => {
    expect(differencesOf(recorded, [link])).toEqual([]);
  });

  it('differ in addresses, MACs and interfaces', () => {
    expect(differencesOf(recorded, [])).toEqual(['eth0 is recorded, and not in the pod']);
    expect(
      differencesOf(recorded, [
        {...link, mac: 'bb', cidrs: ['10.0.0.3/24']},
        {...link, name: 'x'},
      ]),
    ).toEqual([
      'eth0 is recorded with MAC aa, and has bb',
      'eth0 is recorded with 10.0.0.2, and does not have it',
      'eth0 has 10.0.0.3/24, which is not recorded',
      'x is in the pod, and not recorded',
    ]);
  });

  it('have a timeline of this sandbox alone, by its id where there is one', () => {
    const line = (rest: object) =>
      parseLogLine(JSON.stringify({level: 'info', msg: 'm', time: 't', ms: 1, ...rest})) ?? [];
    const lines = [
      line({correlation: 'u-1'}),
      line({correlation: 'u-2', sandbox: 'box'}),
      line({sandbox: 'box'}),
      line({sandbox: 'other'}),
    ].flat();
    const {network} = recorded;
    const own = timelineOf(lines, {...recorded, network: {...network, correlation: 'u-1'}});
    expect(own).toEqual([lines[0], lines[2]]);
  });
});
