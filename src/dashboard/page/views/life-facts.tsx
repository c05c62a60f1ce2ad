/** The most important facts of one pod's life, in one line, and why it does not start. */

import {durationOf, inMs} from '../model/lanes.ts';
import type {Bar, Life} from '../model/life.ts';
import {shortNode, spanText, visibleText} from '../model/text.ts';
import {model, openPod} from '../store.ts';
import {StateMark} from './state.tsx';

export const LifeFacts = ({life}: {readonly life: Life}) => {
  const {pod, node, state, address, failures, forgotten, error} = life;
  const [namespace = '', name = pod] = pod.split('/');
  return (
    <div class="life-head">
      <header class="facts">
        <h2 class="facts-name" title={pod}>
          {namespace !== 'default' && <span class="dim">{namespace}/</span>}
          {name}
        </h2>
        <StateMark state={state} />
        <dl>
          {node !== undefined && <Fact name="node" value={shortNode(node, model.value.cluster)} />}
          {address !== undefined && <Fact name="address" value={address} />}
          {failures > 0 && <Fact name="failed calls" value={String(failures)} isBad />}
          {callsOf(life).map(([label, value]) => (
            <Fact key={label} name={label} value={value} />
          ))}
          {forgotten > 0 && <Fact name="older calls, not shown" value={String(forgotten)} />}
        </dl>
        {state !== 'gone' && (
          <button type="button" class="button button-small" onClick={() => openPod(pod)}>
            Inspect
          </button>
        )}
      </header>
      {state === 'failing' && error !== undefined && (
        <p class="life-error">
          <b>✕</b> {visibleText(error)}
        </p>
      )}
    </div>
  );
};

const Fact = ({
  name,
  value,
  isBad = false,
}: {
  readonly name: string;
  readonly value: string;
  readonly isBad?: boolean;
}) => (
  <div class={isBad ? 'fact fact-bad' : 'fact'}>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

/** How long the network took, and the pod. */
const callsOf = ({bars, ready, begun}: Life): readonly (readonly [string, string])[] => {
  const lastOk = (label: string): Bar | undefined =>
    bars.findLast((bar) => bar.label === label && bar.end !== undefined && !bar.isFailed);
  const calls = ['CreateNetwork', 'AttachInterface'].flatMap(
    (label): readonly (readonly [string, string])[] => {
      const duration = durationOf(lastOk(label) ?? missing);
      return duration === undefined ? [] : [[label, inMs(duration)]];
    },
  );
  return ready === undefined ? calls : [...calls, ['Ready after', spanText(ready - begun)]];
};

const missing: Bar = {
  id: 0,
  lane: 'runtime',
  label: '',
  shape: 'point',
  start: 0,
  end: undefined,
  isFailed: false,
  isRollback: false,
  began: undefined,
  ended: undefined,
};
