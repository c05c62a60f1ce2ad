import {describe, expect, it} from 'vitest';
import {lanesOf, textOf} from '../../../src/dashboard/page/model/lanes.ts';
import type {Bar, Life} from '../../../src/dashboard/page/model/life.ts';
import {emptyModel, type Model} from '../../../src/dashboard/page/model/model.ts';
import {reduce} from '../../../src/dashboard/page/model/reduce.ts';
import {inOrder, madePod, type Timed, timed} from '../../rig/dashboard/made-pod.ts';
import {failure, podCreated, podEnds, podFails, podStart, podStarts} from '../../rig/dashboard/pod-life.ts';
import {beginning, startMessage} from '../../rig/dashboard/stories.ts';

const web = madePod('default/web', 2);

const after = (...messages: readonly Timed[]): Model =>
  reduce(emptyModel, inOrder([startMessage(beginning - 1), ...messages]));

const lifeIn = (model: Model): Life => {
  const life = model.lives.get(model.lifeOfPod.get(web.pod) ?? '');
  if (life === undefined) throw new Error('the pod has no life');
  return life;
};

const barsIn = ({bars}: Life, lane: Bar['lane']): readonly string[] =>
  bars.filter((bar) => bar.lane === lane).map(textOf);

describe('the life of a pod', () => {
  it('shows kinds of events that it does not know, whatever their names', () => {
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
    const model = after(
      ...podStart(web, beginning),
      ...names.map((kind, index) =>
        timed(beginning + 2_000_000 + index, {
          type: 'event',
          version: 1,
          source: 'runtime',
          kind,
          pod: web.pod,
          uid: web.uid,
        }),
      ),
    );
    expect(barsIn(lifeIn(model), 'runtime').slice(-4)).toEqual(names);
    expect(model.log.slice(-4).map(({text}) => text)).toEqual(names);
  });

  it('forgets a call without an end with its bar', () => {
    const call = (number: number): Timed =>
      timed(beginning + number * 1000, {
        type: 'event',
        version: 1,
        source: 'runtime',
        kind: 'rpc-began',
        rpc: 'CreateNetwork',
        call: number,
        pod: web.pod,
        uid: web.uid,
      });
    const {bars, open, forgotten} = lifeIn(after(...Array.from({length: 1_000}, (_, n) => call(n))));
    expect([bars.length, open.size, forgotten]).toEqual([400, 400, 600]);
  });

  it('has a bar for each call, in its lane, with the duration that was measured', () => {
    const life = lifeIn(after(...podStart(web, beginning)));
    expect(lanesOf(life)).toEqual([
      'pod',
      'containerd',
      'kubelet',
      'runtime',
      'plugin bridge',
      'plugin portmap',
    ]);
    expect(barsIn(life, 'pod')).toEqual(['created', 'Scheduled', 'IP 10.244.1.3', 'Ready']);
    expect(barsIn(life, 'containerd')).toEqual([
      'RunPodSandbox 109 ms',
      'CreateContainer 36 ms',
      'StartContainer 143 ms',
    ]);
    expect(barsIn(life, 'kubelet')).toEqual(['mount volume']);
    expect(barsIn(life, 'runtime')).toEqual([
      'CreateNetwork 4.0 ms',
      'netns created',
      'AttachInterface 29 ms',
      '10.244.1.3/24 on eth0',
      'QueryPodNetwork 0.3 ms',
    ]);
    expect(barsIn(life, 'plugin bridge')).toEqual(['ADD 21 ms']);
    expect(barsIn(life, 'plugin portmap')).toEqual(['ADD 2.1 ms']);
    expect(life).toMatchObject({state: 'ready', address: '10.244.1.3/24', node: 'test1-worker', failures: 0});
    expect(life.open.size).toBe(0);
  });

  it('shows a call that runs without an end', () => {
    const untilAttach = podStart(web, beginning).filter(({at}) => at < beginning + 450_000);
    const life = lifeIn(after(...untilAttach));
    const running = life.bars.filter(({end}) => end === undefined);
    expect(running.map(textOf)).toEqual(['AttachInterface …', 'ADD …']);
    expect(life.state).toBe('starting');
  });

  it('marks the call that failed, and what undoes the attempt', () => {
    const life = lifeIn(after(...podCreated(web, beginning), ...podFails(web, beginning)));
    const failed = life.bars.filter(({isFailed}) => isFailed).map(({lane, label}) => `${lane} ${label}`);
    expect(failed).toEqual(['runtime AttachInterface', 'plugin portmap ADD']);
    const undone = life.bars.filter(({isRollback}) => isRollback).map(({lane, label}) => `${lane} ${label}`);
    expect(undone).toEqual([
      'plugin portmap DEL',
      'plugin bridge DEL',
      'containerd StopPodSandbox',
      'runtime DeleteNetwork',
    ]);
    expect(life).toMatchObject({state: 'failing', error: failure, failures: 2});
  });

  it('is Ready after an attempt that succeeds, and keeps what failed', () => {
    const attempts = [...podCreated(web, beginning), ...podFails(web, beginning)];
    const life = lifeIn(after(...attempts, ...podStarts(web, beginning + 12_000_000, 100)));
    expect(life).toMatchObject({state: 'ready', error: undefined, failures: 2});
    expect(life.bars.filter(({label, isRollback}) => label === 'ADD' && isRollback)).toEqual([]);
  });

  it('does not call the deletion of a pod a rollback', () => {
    const life = lifeIn(after(...podStart(web, beginning), ...podEnds(web, beginning + 9_000_000)));
    expect(life.bars.some(({isRollback}) => isRollback)).toBe(false);
    expect(life).toMatchObject({state: 'gone', address: undefined});
  });

  it('starts a new life when a pod gets the name of a deleted pod', () => {
    const again = {...web, uid: 'another-uid'};
    const model = after(
      ...podStart(web, beginning),
      ...podEnds(web, beginning + 2_000_000),
      ...podStart(again, beginning + 5_000_000, 100),
    );
    expect([...model.lives.values()].map(({id, state}) => [id, state])).toEqual([
      [web.uid, 'gone'],
      ['another-uid', 'ready'],
    ]);
    expect(lifeIn(model).id).toBe('another-uid');
  });

  it('ends the calls of a runtime that was killed when it starts again', () => {
    const untilAttach = podStart(web, beginning).filter(({at}) => at < beginning + 450_000);
    const started = timed(beginning + 900_000, {
      type: 'event',
      version: 1,
      source: 'runtime',
      kind: 'runtime-started',
      node: web.node,
    });
    const life = lifeIn(after(...untilAttach, started));
    expect(life.open.size).toBe(0);
    expect(life.bars.filter(({isFailed}) => isFailed).map(({label, end}) => [label, end])).toEqual([
      ['AttachInterface', beginning + 900_000],
      ['ADD', beginning + 900_000],
    ]);
  });

  it('shows the end of a call whose beginning was lost', () => {
    const ended = podStart(web, beginning).filter((each) => 'kind' in each && each.kind === 'rpc-ended');
    const life = lifeIn(after(...ended));
    expect(barsIn(life, 'runtime')).toEqual([
      'CreateNetwork 4.0 ms',
      'AttachInterface 29 ms',
      'QueryPodNetwork 0.3 ms',
    ]);
    expect(life.bars[0]?.start).toBe(beginning + 328_000);
  });

  it('remembers a bounded number of bars of a pod that fails again and again', () => {
    const attempts = Array.from({length: 100}, (_, index) =>
      podFails(web, beginning + index * 1_000_000, index * 10),
    );
    const life = lifeIn(after(...attempts.flat()));
    expect(life.bars).toHaveLength(400);
    expect(life.forgotten).toBeGreaterThan(500);
    expect(life.failures).toBe(200);
  });

  it('leaves out calls that repeat', () => {
    const routine = timed(beginning + 5_000_000, {
      type: 'event',
      version: 1,
      source: 'runtime',
      kind: 'rpc-ended',
      rpc: 'QueryPodNetwork',
      pod: web.pod,
      uid: web.uid,
      ms: 0.2,
      routine: true,
    });
    const without = lifeIn(after(...podStart(web, beginning)));
    expect(lifeIn(after(...podStart(web, beginning), routine)).bars).toHaveLength(without.bars.length);
  });
});
