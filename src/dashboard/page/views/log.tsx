/** The merged log of all nodes and programs. */

import {signal} from '@preact/signals';
import {useMemo} from 'preact/hooks';
import type {LogEntry} from '../model/model.ts';
import {clockText, shortNode, shortPod} from '../model/text.ts';
import {announcement, matches, model, openLife, search} from '../store.ts';
import {VirtualList} from './virtual-list.tsx';

const sources = ['runtime', 'kubelet', 'containerd', 'api', 'log', 'kni-demo'] as const;
const titles: Readonly<Record<LogEntry['source'], string>> = {
  runtime: 'runtime',
  kubelet: 'kubelet',
  containerd: 'containerd',
  api: 'API server',
  log: 'runtime’s log',
  'kni-demo': 'kni-demo',
};

const hidden = signal<ReadonlySet<string>>(new Set());
const leastLevel = signal<LogEntry['level']>('info');
const onlyNode = signal('');
const withMinor = signal(false);
const chosen = signal<number | undefined>(undefined);

const levels: readonly LogEntry['level'][] = ['info', 'warn', 'error'];

export const LogView = () => {
  const {log, cluster, nodes} = model.value;
  const found = useMemo(
    () =>
      log.filter(
        ({source, node, pod = '', text, level, isMinor}) =>
          !hidden.value.has(source) &&
          (withMinor.value || !isMinor || level !== 'info') &&
          levels.indexOf(level) >= levels.indexOf(leastLevel.value) &&
          (onlyNode.value === '' || node === onlyNode.value) &&
          matches(`${node} ${source} ${pod} ${text}`),
      ),
    [log, hidden.value, withMinor.value, leastLevel.value, onlyNode.value, search.value],
  );
  return (
    <section class="log" aria-label="Log">
      <div class="log-filters" role="group" aria-label="Filters">
        {sources.map((source) => (
          <button
            type="button"
            key={source}
            class="toggle"
            aria-pressed={!hidden.value.has(source)}
            onClick={() => {
              const next = new Set(hidden.value);
              if (!next.delete(source)) next.add(source);
              hidden.value = next;
            }}
          >
            <span class={`dot source-${source}`} aria-hidden="true" />
            {titles[source]}
          </button>
        ))}
        <Choice
          label="Level"
          value={leastLevel.value}
          options={levels.map((level) => [level, level === 'info' ? 'all levels' : level])}
          onChange={(value) => {
            leastLevel.value = levels.find((level) => level === value) ?? 'info';
          }}
        />
        <Choice
          label="Node"
          value={onlyNode.value}
          options={[
            ['', 'all nodes'],
            ...(nodes ?? []).map(({name}): [string, string] => [name, shortNode(name, cluster)]),
          ]}
          onChange={(value) => {
            onlyNode.value = value;
          }}
        />
        <button
          type="button"
          class="toggle"
          aria-pressed={withMinor.value}
          title="Also beginnings of calls, calls that repeat, and log lines that say the same as an event"
          onClick={() => {
            withMinor.value = !withMinor.value;
          }}
        >
          Everything
        </button>
      </div>
      <div class="table-head log-columns">
        <span>Time (UTC)</span>
        <span>Node</span>
        <span>Source</span>
        <span>Pod</span>
        <span>
          Event: {found.length} of {log.length}
        </span>
      </div>
      {found.length === 0 ? (
        <p class="hint">
          {log.length === 0 ? 'No events yet.' : 'Nothing matches the filters and the search.'}
        </p>
      ) : (
        <VirtualList
          class="table"
          label="Log"
          items={found}
          rowHeight={1.6}
          keyOf={({id}) => id}
          chosen={chosen.value}
          sticksToEnd
          onChoose={({id, text}) => {
            chosen.value = id;
            announcement.value = text;
          }}
          onOpen={({life, bar}) => {
            if (life !== undefined && model.value.lives.has(life)) openLife(life, bar);
          }}
          row={(entry) => <Row entry={entry} cluster={cluster} />}
        />
      )}
    </section>
  );
};

const Row = ({entry, cluster}: {readonly entry: LogEntry; readonly cluster: string}) => {
  const {at, node, source, text, pod, life, bar, level} = entry;
  const isLinked = life !== undefined && model.value.lives.has(life);
  return (
    <div class="log-columns">
      <span class="mono dim">{clockText(at)}</span>
      <span class="log-node">{shortNode(node, cluster)}</span>
      <span class="log-source">
        <span class={`dot source-${source}`} aria-hidden="true" />
        {titles[source]}
      </span>
      {pod !== undefined && isLinked ? (
        <span class="log-pod link" title={`Show ${pod}`} onClick={() => openLife(life, bar)}>
          {shortPod(pod)}
        </span>
      ) : (
        <span class="log-pod dim">{pod === undefined ? '' : shortPod(pod)}</span>
      )}
      <span class={`log-text level-${level}`} title={text}>
        {level === 'error' && <b>✕ </b>}
        {level === 'warn' && <b>! </b>}
        {text}
      </span>
    </div>
  );
};

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

const Choice = ({label, value, options, onChange}: ChoiceProps) => (
  <select
    class="choice"
    aria-label={label}
    value={value}
    onChange={({currentTarget}) => onChange(currentTarget.value)}
  >
    {options.map(([id, title]) => (
      <option key={id} value={id}>
        {title}
      </option>
    ))}
  </select>
);
