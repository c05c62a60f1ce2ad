import assert from 'node:assert/strict';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import * as fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {callRuntime} from '../../runtime/src/client/ask.ts';
import {Inspector} from '../../runtime/src/gen/inspector_pb.ts';
import {conflistOfNode} from '../../runtime/src/node/conflist-of-node.ts';
import {becomesWhole} from '../rig/node/invariants.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, createNetwork, identify, newPod, type TestPod} from '../rig/node/pod.ts';
import {paths, podCidr, rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {scaled} from '../rig/node/scale.ts';

/** The state of a pod for its kubelet. `left`: never created, or deleted. */
type Life =
  | {readonly is: 'left'}
  | {readonly is: 'created' | 'detached'; readonly netns: string}
  | {readonly is: 'attached'; readonly netns: string; readonly ip: string};

type Model = Map<number, Life>;

interface Real {
  readonly node: TestNode;
  readonly pods: readonly TestPod[];
  runtime: TestRuntime;
}

const [notFound, failedPrecondition] = [5, 9];
const count = 4;
const fresh = (): Model => new Map(Array.from({length: count}, (_, index) => [index, {is: 'left'}]));
const addressesIn = (model: Model) =>
  [...model.values()].flatMap((life) => (life.is === 'attached' ? [life.ip] : []));

type Run = (model: Model, real: Real) => Promise<void>;
type RunForPod = (of: {index: number; pod: TestPod; life: Life; model: Model; real: Real}) => Promise<void>;

const command = (name: string, run: Run): fc.AsyncCommand<Model, Real> => ({
  check: () => true,
  run,
  toString: () => name,
});
const forPod = (name: string, run: RunForPod) =>
  fc.nat(count - 1).map((index) =>
    command(`${name}(${index})`, async (model, real) => {
      const [pod, life] = [real.pods[index], model.get(index)];
      if (!pod || !life) throw new Error(`no pod ${index}`);
      await run({index, pod, life, model, real});
    }),
  );

const createPod = forPod('create', async ({index, pod, life, model, real}) => {
  if (life.is === 'attached' || life.is === 'detached') return; // a recreated sandbox counts as another pod here
  const netns = await createNetwork(real.runtime.kni, pod);
  if (life.is === 'created') assert.equal(netns, life.netns);
  model.set(index, {is: 'created', netns});
});
const attachPod = (times: number) =>
  forPod(`attach ${times} times`, async ({index, pod, life, model, real}) => {
    const {kni} = real.runtime;
    const netns = life.is === 'left' ? `${paths.netns}/kni-none-1` : life.netns;
    const answers = await Promise.allSettled(Array.from({length: times}, () => attach(kni, pod, netns)));
    const outcomes = answers.map((answer) =>
      answer.status === 'fulfilled' ? answer.value['eth0']?.ip[0] : (answer.reason as {code: number}).code,
    );
    const [first] = outcomes;
    assert.deepEqual(new Set(outcomes), new Set([first]));
    const expected = {
      left: notFound,
      created: first,
      attached: 'ip' in life ? life.ip : '',
      detached: failedPrecondition,
    };
    assert.equal(first, expected[life.is]);
    if (life.is !== 'created') return;
    const ip = String(first);
    assert.match(ip, /^10\.77\.1\.\d+$/);
    assert.equal(addressesIn(model).includes(ip), false);
    model.set(index, {is: 'attached', netns, ip});
  });
const queryPod = forPod('query', async ({pod, life, real}) => {
  const answer = await real.runtime.kni.queryPodNetwork(identify(pod)).then(
    ({ipconfigs}) => ipconfigs['eth0']?.ip[0],
    ({code}: {code: number}) => code,
  );
  // Before Attach the sandbox is unknown.
  const expected = {
    left: notFound,
    created: notFound,
    attached: 'ip' in life ? life.ip : '',
    detached: failedPrecondition,
  };
  assert.equal(answer, expected[life.is]);
});
const detachPod = forPod('detach', async ({index, pod, life, model, real}) => {
  await real.runtime.kni.detachInterface(identify(pod));
  if (life.is === 'attached') model.set(index, {is: 'detached', netns: life.netns});
});
const deletePod = forPod('delete', async ({index, pod, life, model, real}) => {
  const netnsPath = life.is === 'left' ? '' : life.netns;
  await real.runtime.kni.deleteNetwork({...identify(pod), netnsPath});
  model.set(index, {is: 'left'});
});
const checkPod = forPod('check', async ({pod, life, real}) => {
  if (life.is !== 'attached') return;
  const wanted = {sandbox: pod.sandbox, check: true};
  const {problems} = await callRuntime(socketOf(real), (ask) =>
    ask(Inspector.method.inspectPodNetwork, wanted),
  );
  assert.deepEqual(problems, []);
});
const socketOf = ({node}: Real): string => node.path(paths.socket);
const reconciled = (real: Real) => callRuntime(socketOf(real), (ask) => ask(Inspector.method.reconcile, {}));
const reconcile = fc.constant(
  command('reconcile', async (_, real) => {
    const {removedNetns, releasedAddresses, removedLinks, undone, problems} = await reconciled(real);
    assert.deepEqual([removedNetns, releasedAddresses, removedLinks, undone, problems], [[], [], [], [], []]);
  }),
);
const losePod = forPod('lose the netns', async ({index, life, model, real}) => {
  if (life.is === 'left') return;
  await real.node.run(['sh', '-c', `umount ${life.netns} && rm ${life.netns}`]);
  await reconciled(real);
  model.set(index, {is: 'left'});
});
const restart = fc.constantFrom('SIGKILL' as const, 'SIGTERM' as const).map((signal) =>
  command(`restart by ${signal}`, async (_, real) => {
    await real.runtime.stop(signal);
    real.runtime = await startRuntime(real.node);
  }),
);
const edited = `${paths.conf}/05-edited.conflist`;
const edit = fc.constantFrom(1300, 1400, undefined).map((mtu) =>
  command(`edit the network to mtu ${mtu}`, async (_, {node}) => {
    const text = conflistOfNode({podCidrs: [podCidr], ipamDir: `${paths.state}/ipam`, mtu});
    await writeFile(node.path(edited), text);
  }),
);
const unedit = fc.constant(
  command('remove the edited network', async (_, {node}) => {
    await rm(node.path(edited), {force: true});
  }),
);

describe('any order of calls, kills, losses and edits', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode();
    await rememberNodes(node);
    await mkdir(node.path(paths.conf), {recursive: true});
  });
  afterAll(() => node[Symbol.asyncDispose]());

  it('leaves each pod as a simple model says', async () => {
    const all = [
      createPod,
      createPod,
      attachPod(1),
      attachPod(3),
      queryPod,
      detachPod,
      deletePod,
      checkPod,
      reconcile,
      losePod,
      restart,
      edit,
      unedit,
    ];
    const maxCommands = scaled({usual: 25, soak: 60});
    const property = fc.asyncProperty(
      fc.commands(all, {maxCommands, size: 'max'}),
      async (commands: Iterable<fc.AsyncCommand<Model, Real>>) => {
        const pods = Array.from({length: count}, (_, index) => newPod(`model-${index}`));
        const real: Real = {node, pods, runtime: await startRuntime(node)};
        try {
          await fc.asyncModelRun(() => ({model: fresh(), real}), commands);
          await becomesWhole(node, real.runtime.kni, pods);
        } finally {
          for (const pod of pods) {
            await real.runtime.kni.deleteNetwork(identify(pod));
            await real.runtime.kni.deleteNetwork({extradata: {uid: pod.uid}});
          }
          await real.runtime.stop('SIGKILL');
        }
        expect(await leftovers(node)).toEqual(nothing);
      },
    );
    // A failure prints the seed and the path to the shortest series that fails.
    await fc.assert(property, {numRuns: scaled({usual: 4, soak: 500})});
  });
});
