import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {sandboxesOfPod} from '../../src/tools/ctr.ts';
import {askPod} from '../../src/tools/kni-runtime.ts';
import {kubectl} from '../../src/tools/kubectl.ts';
import {cli} from '../rig/cli.ts';
import {dirWithCluster, exchange} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {api, control, inNode, journal, onWorker, pod, ps, record, worker} from '../rig/inspected-pod.ts';

describe('pod inspect refuses', () => {
  const refused = async (transcript: string, name = 'a') => {
    await using dir = await dirWithCluster();
    using host = fakeHost(transcript);
    const {code, stdout, stderr} = await cli(dir, ['pod', 'inspect', name], {host});
    expect(stdout).toBe('');
    return {code, stderr};
  };

  it('an unknown pod, and names those that exist', async () => {
    const names = kubectl('get', '-n', 'default', 'pods', '-o', 'jsonpath={.items[*].metadata.name}');
    expect(await refused(api('') + exchange(inNode(control.name, names), 'b c'))).toEqual({
      code: exitCodes.badInput,
      stderr:
        'error: pod default/a does not exist: namespace default has b, c\n' +
        'try:   choose another name, or NAMESPACE/NAME outside the default namespace: kni-demo pod list\n',
    });
  });

  it('a pod that is not scheduled, with the reason', async () => {
    const conditions = [{type: 'PodScheduled', status: 'False', message: '0/2 nodes are available'}];
    expect(await refused(api(pod({nodeName: undefined}, {conditions})))).toEqual({
      code: exitCodes.failed,
      stderr:
        'error: pod default/a is not scheduled to a node yet: 0/2 nodes are available\n' +
        'try:   inspect it again when it has a node: kni-demo pod list\n',
    });
  });

  it("a pod on its node's network", async () => {
    expect(await refused(api(pod({hostNetwork: true})))).toEqual({
      code: exitCodes.badInput,
      stderr:
        'error: pod default/a does not have its own network: it uses the network of its node test1-worker (hostNetwork), so KNI does nothing for it\n' +
        'try:   inspect another pod: kni-demo pod list\n',
    });
  });

  it('a pod on a node that is stopped', async () => {
    const stopped = {...worker, running: false};
    const {code, stderr} = await refused(api(pod()).replace(ps(control, worker), ps(control, stopped)));
    expect(code).toBe(exitCodes.badInput);
    expect(stderr).toContain('stopped: test1-worker\ntry:   start it: kni-demo start\n');
  });

  it('to ask a control plane that is stopped', async () => {
    const {code, stderr} = await refused(ps({...control, running: false}, worker));
    expect(code).toBe(exitCodes.badInput);
    expect(stderr).toContain('stopped: test1-control-plane\n');
  });

  it.each([
    [
      'a runtime that is down',
      'UNAVAILABLE: no server is listening on /run/kni/kni.sock',
      'error: cannot inspect pod default/a on test1-worker: the network runtime does not answer: no server is listening on /run/kni/kni.sock\n' +
        'try:   docker exec test1-worker systemctl status kni\n',
    ],
    [
      'a pod that the runtime does not know',
      'NOT_FOUND: unknown pod',
      'error: the network runtime of test1-worker has no record of pod default/a (Running, Ready): unknown pod\n' +
        'try:   see what it did: kni-demo logs --node test1-worker --pod default/a\n',
    ],
    [
      'an answer that is an error',
      'INTERNAL: the store is broken',
      'error: cannot inspect pod default/a on test1-worker: the network runtime answers INTERNAL: the store is broken\n' +
        'try:   kni-demo logs --node test1-worker\n',
    ],
  ])('%s', async (_, said, stderr) => {
    const asked = onWorker(askPod('default/a'), `2> kni-runtime: ${said}`, '[exit code 1]');
    expect(await refused(api(pod()) + asked)).toEqual({code: exitCodes.failed, stderr});
  });

  it('the record of an earlier pod of the same name', async () => {
    const earlier = onWorker(askPod('default/a'), record({network: {uid: 'uid-0'}}));
    const {code, stderr} = await refused(api(pod()) + earlier);
    expect(code).toBe(exitCodes.failed);
    expect(stderr).toContain('(Running, Ready): its record is of an earlier pod with the same name\n');
  });

  it('a pod that has no sandbox, if the runtime cannot be asked', async () => {
    const transcript =
      api(pod({}, {phase: 'Pending', conditions: []})) +
      onWorker(askPod('default/a'), '2> kni-runtime: UNIMPLEMENTED: no', '[exit code 1]') +
      journal('uid-1', '2> -- No entries --', '[exit code 1]') +
      onWorker(sandboxesOfPod('uid-1'));
    const {code, stderr} = await refused(transcript);
    expect(code).toBe(exitCodes.failed);
    expect(stderr).toContain(
      'error: pod default/a has no network (Pending, not Ready): containerd has no sandbox for it on test1-worker\n',
    );
  });
});
