/** Everything about one pod: what the runtime has on record, what the kernel has, and what the API server says. */

import {useEffect, useState} from 'preact/hooks';
import {inspect} from '../live.ts';
import {differenceText, type Inspection, readInspection} from '../model/inspection.ts';
import {type PodView, stateOf} from '../model/pods.ts';
import {visibleText} from '../model/text.ts';
import {actionForm, chosenPod, model, openLife} from '../store.ts';
import {CloseButton} from './close-button.tsx';
import {StateMark} from './state.tsx';

type Answer =
  | {readonly kind: 'waiting'}
  | {readonly kind: 'inspection'; readonly inspection: Inspection}
  | {readonly kind: 'error'; readonly message: string};

/** Inspects the pod again whenever the feed has something new about it. */
const useInspection = (pod: PodView): Answer | undefined => {
  const [answer, setAnswer] = useState<Answer>({kind: 'waiting'});
  const {isLive} = model.value;
  useEffect(() => {
    if (!isLive || pod.hostNetwork || pod.removed !== undefined) return undefined;
    const controller = new AbortController();
    inspect(pod.path, controller.signal).then(
      (read) => setAnswer({kind: 'inspection', inspection: readInspection(read)}),
      (error: unknown) => {
        if (!controller.signal.aborted)
          setAnswer({kind: 'error', message: error instanceof Error ? error.message : String(error)});
      },
    );
    return () => controller.abort();
  }, [isLive, pod]);
  return isLive && !pod.hostNetwork ? answer : undefined;
};

export const PodDetail = ({pod}: {readonly pod: PodView}) => {
  const answer = useInspection(pod);
  const {lifeOfPod, actions} = model.value;
  const life = lifeOfPod.get(pod.path);
  return (
    <aside class="inspect" aria-label={`Pod ${pod.path}`}>
      <header class="panel-head">
        <h2 title={pod.path}>{pod.name}</h2>
        <StateMark state={stateOf(pod)} />
        <CloseButton
          onClick={() => {
            chosenPod.value = undefined;
          }}
        />
      </header>
      <p class="panel-actions">
        {life !== undefined && (
          <button type="button" class="button button-small" onClick={() => openLife(life)}>
            Life of this pod
          </button>
        )}
        {actions.includes('delete-pod') && pod.removed === undefined && (
          <button
            type="button"
            class="button button-small"
            onClick={() => {
              actionForm.value = {action: 'delete-pod', pod: pod.path};
            }}
          >
            Delete…
          </button>
        )}
      </p>
      {pod.reason !== undefined && !pod.ready && <p class="node-trouble">{visibleText(pod.reason)}</p>}
      {pod.failure !== undefined && <p class="node-trouble">{visibleText(pod.failure)}</p>}
      <Differences answer={answer} />
      <Snapshot pod={pod} />
      {answer?.kind === 'inspection' && <Inspected inspection={answer.inspection} />}
    </aside>
  );
};

const Differences = ({answer}: {readonly answer: Answer | undefined}) => {
  if (answer === undefined) return null;
  if (answer.kind === 'waiting')
    return <p class="hint">Comparing the record with the kernel and the API server…</p>;
  if (answer.kind === 'error') return <p class="node-trouble">{visibleText(answer.message)}</p>;
  const {differences} = answer.inspection;
  if (differences.length === 0)
    return (
      <p class="agree">
        <StateMark state="ready" label={false} /> Record, kernel and API server agree.
      </p>
    );
  return (
    <div class="differences" role="alert">
      <h3>{differences.length === 1 ? '1 difference' : `${differences.length} differences`}</h3>
      <ul>
        {differences.map((each, index) => (
          <li key={index}>{visibleText(differenceText(each))}</li>
        ))}
      </ul>
    </div>
  );
};

const Snapshot = ({pod}: {readonly pod: PodView}) => (
  <dl class="facts-list">
    <Fact name="node" value={pod.node} />
    <Fact name="phase" value={pod.phase} />
    <Fact name="API server" value={pod.ips.join(', ')} />
    {pod.interfaces.map(({name, addresses, mac, network}) => (
      <Fact
        key={name}
        name={name}
        value={[...addresses, mac, network && `network ${network}`].filter(Boolean).join(' · ')}
      />
    ))}
    {pod.hostPorts.map(({hostPort, containerPort, protocol, hostIp}) => (
      <Fact
        key={`${hostIp} ${protocol} ${hostPort}`}
        name="host port"
        value={`${hostIp ?? '*'}:${hostPort}/${protocol} → ${containerPort}`}
      />
    ))}
    <Fact name="record" value={pod.state} />
    <Fact name="sandbox" value={pod.sandbox?.slice(0, 12)} />
    <Fact name="uid" value={pod.uid} />
  </dl>
);

const Inspected = ({
  inspection: {kernel, routes, dns, netns, timeline, lacks},
}: {
  readonly inspection: Inspection;
}) => (
  <>
    {lacks.map((each) => (
      <p class="hint" key={each}>
        {visibleText(each)}
      </p>
    ))}
    <h3 class="panel-title">Kernel</h3>
    <dl class="facts-list">
      {kernel.map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
      {routes.map((route) => (
        <Fact key={route} name="route" value={route} />
      ))}
      <Fact name="netns" value={netns?.replace('/run/netns/', '')} />
      <Fact name="DNS" value={dns} />
    </dl>
    {timeline.length > 0 && <h3 class="panel-title">Calls</h3>}
    <ol class="timeline">
      {timeline.map(({offset, what, error}, index) => (
        <li key={index} class={error === undefined ? undefined : 'bad'}>
          <span class="event-since">+{offset} ms</span>{' '}
          {visibleText(error === undefined ? what : `${what}: ${error}`)}
        </li>
      ))}
    </ol>
  </>
);

const Fact = ({name, value}: {readonly name: string; readonly value: string | undefined}) =>
  value === undefined || value === '' ? null : (
    <div>
      <dt>{name}</dt>
      <dd class="mono">{visibleText(value)}</dd>
    </div>
  );
