import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {stopService} from '../../src/changes/make.ts';
import {readChanges} from '../../src/changes/record.ts';
import type {Check, Drill, DrillListener, StepReport} from '../../src/drills/drill.ts';
import {runDrill} from '../../src/drills/run-drill.ts';
import {UserError} from '../../src/errors.ts';
import {CommandError} from '../../src/host/command-error.ts';
import {hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, node, printed, rejection} from '../rig/demo.ts';

const twoNodes = [node('test1-control-plane'), node('test1-worker')];

const nodeList = (status: 'True' | 'False') =>
  JSON.stringify({
    items: twoNodes.map(({name}) => ({
      metadata: {name},
      status: {conditions: [{type: 'Ready', status, message: 'the runtime is stopped'}]},
    })),
  });

interface Behaviour {
  readonly ready?: 'True' | 'False';
  /** Whether the user has a namespace of that name. */
  readonly hasNamespace?: boolean;
  /** The worker's traces before and after the drill. */
  readonly traces?: readonly [before: string, after: string];
  readonly pods?: readonly object[];
  /** How often the worker's runtime does not answer after the drill. */
  readonly silent?: number;
  readonly nodes?: typeof twoNodes;
}

/** A cluster that answers what every drill asks. */
const rig = async ({
  ready = 'True',
  hasNamespace = false,
  traces = ['', ''],
  pods = [],
  silent = 0,
  nodes = twoNodes,
}: Behaviour = {}) => {
  const dir = await dirWithCluster();
  let exists = hasNamespace;
  let isOver = false;
  let refusals = silent;
  const host = hostOf((line) => {
    if (line.startsWith('docker ps')) return printed(...nodes).join('\n');
    if (line.includes('get nodes')) return nodeList(ready);
    if (line.includes('get pods --all-namespaces')) return JSON.stringify({items: pods});
    if (line.includes('kni-runtime pods') && isOver && refusals-- > 0) return '2> refused\n[exit code 1]';
    if (line.includes('kni-runtime pods')) return traces[isOver ? 1 : 0];
    if (line.includes('apply -f -')) exists = true;
    if (line.includes('delete namespace kni-drill')) {
      exists = false;
      isOver = true;
    }
    if (/get namespace kni-drill/.test(line)) return exists ? 'namespace/kni-drill' : '';
    return '';
  });
  const dirs = dirsOf(envOf(dir));
  const heard: string[] = [];
  const reports: StepReport[] = [];
  const listener: DrillListener = {
    stepBegun: (number, title) => void heard.push(`${number}. ${title}`),
    checked: ({claim, holds}: Check) => void heard.push(`${holds ? '+' : '-'} ${claim}`),
    stepEnded: (report) => void reports.push(report),
    restoring: () => void heard.push('restoring'),
  };
  return {
    host,
    heard,
    reports,
    record: () => readChanges(dirs, 'test1'),
    ran: () =>
      host.ran.filter((line) => /systemctl|delete/.test(line)).map((line) => line.replace(/--\S+ /g, '')),
    run: (drill: Partial<Drill>, signal = new AbortController().signal, settleTime = 0) =>
      runDrill(
        {host, dirs},
        {...plain, ...drill},
        {
          cluster: 'test1',
          command: 'kni-demo drill leak',
          listener,
          say: (line) => void heard.push(line),
          signal,
          settleTime,
        },
      ),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
};

const plain: Drill = {
  name: 'leak',
  shows: 'nothing',
  question: {asks: 'Why?'},
  run: (scene) =>
    scene.step('Look', ['ls'], async ({check, measure}) => {
      check('kernel', 'it is there', {holds: true, saw: '1'});
      measure('took', 12.4, 'ms');
    }),
};

const deleteNamespace = expect.stringContaining('delete namespace kni-drill') as string;

describe('a drill whose checks hold', () => {
  it('passes, reports its steps and deletes its namespace', async () => {
    await using test = await rig();
    expect(await test.run({})).toEqual({
      drill: 'leak',
      passed: true,
      ms: expect.any(Number) as number,
      checks: 1,
      failed: [],
      measurements: [{what: 'took', value: 12, unit: 'ms'}],
      left: [],
    });
    expect(test.heard).toEqual([
      '1. Look',
      '+ it is there',
      'restoring',
      'undone: namespace kni-drill created',
    ]);
    const checks = [{source: 'kernel', claim: 'it is there', holds: true, saw: '1'}];
    expect(test.reports).toMatchObject([{number: 1, title: 'Look', commands: ['ls'], checks}]);
    expect(test.ran()).toEqual([deleteNamespace]);
  });

  it('has recorded its namespace before it creates it, and leaves no record', async () => {
    await using test = await rig();
    let seen: unknown;
    await test.run({
      async run() {
        seen = await test.record();
      },
    });
    expect(seen).toMatchObject({
      command: 'kni-demo drill leak',
      changes: [{kind: 'objects-created', objects: [{resource: 'namespace', name: 'kni-drill'}]}],
    });
    expect(await test.record()).toBeUndefined();
  });

  it('fails if something is left on the worker', async () => {
    await using test = await rig({traces: ['netns kni-old-1', 'netns kni-old-1\nlinks veth1 kni-new-1']});
    expect(await test.run({})).toMatchObject({passed: false, failed: [], left: ['links veth1 kni-new-1']});
  });

  it('waits for a runtime that does not answer yet', async () => {
    await using test = await rig({silent: 1});
    const never = new AbortController().signal;
    expect(await test.run({}, never, 10_000)).toMatchObject({passed: true, left: []});
  });

  it('fails with a verdict if the worker cannot be examined', async () => {
    await using test = await rig({silent: 100});
    const {passed, left} = await test.run({});
    expect(passed).toBe(false);
    expect(left).toEqual([expect.stringMatching(/^unknown, the worker cannot be examined: /)]);
  });

  it('does not count the netns and addresses of another pod that was created during the drill', async () => {
    const uid = '1b4e28ba-2fa1-11d2-883f-0016d3cca427';
    const after = `netns kni-${uid}-1\nlinks veth1 kni-${uid}-1\naddresses kni/10.244.1.9\nrecords ${uid}-1`;
    const status = {phase: 'Running', podIP: '10.244.1.9'};
    const pods = [{kind: 'Pod', metadata: {uid, namespace: 'default', name: 'other'}, spec: {}, status}];
    await using test = await rig({traces: ['', after], pods});
    expect(await test.run({})).toMatchObject({passed: true, left: []});
  });
});

describe('a drill that fails', () => {
  it('has the check that does not hold in its verdict, and goes on', async () => {
    await using test = await rig();
    const verdict = await test.run({
      async run(scene) {
        await scene.step('Look', [], async ({check}) =>
          check('ping', 'no packet is lost', {holds: false, saw: 'lost 3 of 9'}),
        );
        await plain.run(scene);
      },
    });
    const failed = [{source: 'ping', claim: 'no packet is lost', holds: false, saw: 'lost 3 of 9'}];
    expect(verdict).toMatchObject({passed: false, checks: 2, failed});
  });

  it('names the step that could not be finished, and restores everything', async () => {
    await using test = await rig();
    const verdict = await test.run({
      run: (scene) =>
        scene.step('Stop the runtime', [], async () => {
          await stopService(scene.changes, {node: scene.worker, unit: 'kni', signal: scene.signal});
          throw new CommandError(['ping', []], {reason: 'exit code 1'});
        }),
    });
    expect(verdict).toMatchObject({
      passed: false,
      failed: [{source: 'drill', claim: 'this can be done: Stop the runtime', saw: 'exit code 1: ping'}],
    });
    expect(test.ran()).toEqual([
      'docker exec test1-worker systemctl stop kni',
      'docker exec test1-worker systemctl start kni',
      deleteNamespace,
    ]);
  });

  it('restores everything after Ctrl-C, and rejects', async () => {
    await using test = await rig();
    const cancel = new AbortController();
    const running = test.run(
      {
        run: (scene) =>
          scene.step('Stop the runtime', [], async () => {
            await stopService(scene.changes, {node: scene.worker, unit: 'kni', signal: scene.signal});
            cancel.abort(new Error('cancelled by SIGINT'));
            scene.signal.throwIfAborted();
          }),
      },
      cancel.signal,
    );
    await expect(running).rejects.toThrow('cancelled by SIGINT');
    expect(test.ran().slice(-2)).toEqual(['docker exec test1-worker systemctl start kni', deleteNamespace]);
    expect(await test.record()).toBeUndefined();
  });
});

describe('a drill is refused, and changes nothing,', () => {
  it('if a node is not Ready', async () => {
    await using test = await rig({ready: 'False'});
    const error = await rejection(test.run({}), UserError);
    expect(error).toMatchObject({
      errorCode: 'KNI-E103',
      why: expect.stringContaining('the runtime is stopped'),
    });
    expect(test.host.ran.some((line) => line.includes('apply'))).toBe(false);
  });

  it('if the cluster has no worker', async () => {
    await using test = await rig({nodes: [node('test1-control-plane')]});
    const error = await rejection(test.run({}), UserError);
    expect(error).toMatchObject({errorCode: 'KNI-E208', exitCode: 2});
    expect(test.host.ran.some((line) => line.includes('apply'))).toBe(false);
  });

  it('if the user has a namespace of that name', async () => {
    await using test = await rig({hasNamespace: true});
    const error = await rejection(test.run({}), UserError);
    expect(error).toMatchObject({errorCode: 'KNI-E406', exitCode: 4});
    expect(test.host.ran.some((line) => /apply|delete/.test(line))).toBe(false);
  });
});
