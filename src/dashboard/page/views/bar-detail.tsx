/** Request and response of the chosen call. */

import {linesOf, readableJson} from '../model/json.ts';
import {durationOf, inMs} from '../model/lanes.ts';
import type {Bar, Life} from '../model/life.ts';
import {clockText, fieldsOf, visibleText} from '../model/text.ts';
import {chosenBar, model} from '../store.ts';
import {CloseButton} from './close-button.tsx';

export const BarDetail = ({life}: {readonly life: Life}) => {
  const bar = life.bars.find(({id}) => id === chosenBar.value);
  return (
    <section class={bar === undefined ? 'detail' : 'detail detail-chosen'} aria-label="Request and response">
      {bar === undefined ? (
        <p class="hint">Choose a bar to see its request and its response.</p>
      ) : (
        <Detail bar={bar} life={life} />
      )}
    </section>
  );
};

const programs: Readonly<Record<string, string>> = {
  pod: 'API server',
  containerd: 'kubelet → containerd',
  kubelet: 'kubelet',
  runtime: 'kubelet → KNI runtime',
};

type Field = readonly [string, string];

const Detail = ({bar, life}: {readonly bar: Bar; readonly life: Life}) => {
  const {label, lane, start, began, ended, isFailed, isRollback} = bar;
  const duration = durationOf(bar);
  const isCall = bar.shape === 'span';
  const requested = fieldsOf(began ?? ended ?? emptyEvent).filter(
    ([name]) => began !== undefined || !answers.has(name),
  );
  const names = new Set(requested.map(([name]) => name));
  const answered =
    ended === undefined ? [] : fieldsOf(ended).filter(([name]) => !names.has(name) || answers.has(name));
  const addresses = addressesIn(bar, life);
  // Skip log lines that repeat the error of the response.
  const lines = model.value.log.filter(
    ({bar: of, source, text, isMinor}) =>
      of === bar.id &&
      source === 'log' &&
      !isMinor &&
      !(ended?.error !== undefined && text.includes(visibleText(ended.error))),
  );
  const request = (
    <Fields
      title="Request"
      fields={began?.request === undefined ? sorted(requested) : []}
      body={began?.request}
    />
  );
  const response = (
    <Fields
      title="Response"
      fields={
        ended?.response === undefined
          ? [...addresses, ...sorted(answered)]
          : sorted(answered.filter(([name]) => name === 'status' || name === 'error'))
      }
      body={ended?.response}
      empty={
        ended === undefined
          ? bar.end === undefined
            ? 'The call runs.'
            : 'The call was interrupted.'
          : 'empty'
      }
    />
  );
  return (
    <>
      <header class="detail-head">
        <h3>
          {visibleText(label)}
          {isFailed && <span class="tag">failed</span>}
          {isRollback && <span class="tag">rollback</span>}
        </h3>
        <span class="dim">{programs[lane] ?? `KNI runtime → ${lane.slice('plugin '.length)}`}</span>
        <span class="dim">
          {clockText(start)} UTC
          {duration === undefined ? '' : `, ${inMs(duration)}`}
        </span>
        <CloseButton
          onClick={() => {
            chosenBar.value = undefined;
          }}
        />
      </header>
      <div class="detail-body">
        {isCall ? (
          <>
            {/* A failed call shows its error first. */}
            {isFailed ? response : request}
            {isFailed ? request : response}
          </>
        ) : (
          <Fields title="Facts" fields={sorted([...requested, ...answered])} />
        )}
        {lines.length > 0 && (
          <div class="fields">
            <h4>Log</h4>
            {lines.map(({id, text}) => (
              <p key={id} class="detail-line">
                {text}
              </p>
            ))}
          </div>
        )}
      </div>
    </>
  );
};

/** Fields that only an answer has. */
const answers: ReadonlySet<string> = new Set(['ms', 'status', 'error', 'address', 'container']);

/** The header says them. */
const known: ReadonlySet<string> = new Set(['rpc', 'plugin', 'command', 'ms']);

const order = ['error', 'status', 'address', 'pod', 'network', 'interface'];

/** Important fields first; identifiers, which are long, last. */
const sorted = (fields: readonly Field[]): readonly Field[] => {
  const rankOf = ([name]: Field): number => (order.indexOf(name) + order.length + 1) % (order.length + 1);
  return fields.filter(([name]) => !known.has(name)).sort((a, b) => rankOf(a) - rankOf(b));
};

const emptyEvent = {version: 1, time: '', source: 'runtime', kind: ''} as const;

/** Addresses that were assigned or released during the call. */
const addressesIn = ({lane, start, end}: Bar, {bars}: Life): readonly Field[] =>
  lane === 'runtime'
    ? bars
        .filter((each) => each.ended?.address !== undefined && each.lane === 'runtime')
        .filter((each) => each.start >= start && (end === undefined || each.start <= end))
        .map(({ended}) => [ended?.interface ?? 'address', ended?.address ?? ''])
    : [];

interface FieldsProps {
  readonly title: string;
  readonly fields: readonly Field[];
  /** JSON */
  readonly body?: string | undefined;
  readonly empty?: string;
}

/** Each part scrolls by itself, so that a long request does not push the response out of sight. */
const Fields = ({title, fields, body, empty = ''}: FieldsProps) => (
  <div class="fields" role="group" aria-label={title} tabIndex={0}>
    <h4>{title}</h4>
    {fields.length === 0 && body === undefined && <p class="dim">{empty}</p>}
    <dl>
      {fields.map(([name, value], index) => (
        <div key={index} class={name === 'error' ? 'field field-bad' : 'field'}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
    {body !== undefined && <Body text={body} />}
  </div>
);

/** JSON whose long lines continue below their values. */
const Body = ({text}: {readonly text: string}) => (
  <>
    <pre class="body">
      {linesOf(readableJson(text)).map(({indent, key, rest}, index) => (
        <span key={index} class="body-line" style={{'--indent': `${indent + 2}ch`}}>
          <span class="body-key">{key}</span>
          {rest}
        </span>
      ))}
    </pre>
    {text.endsWith('…') && <p class="dim">The network runtime cut this text, because it is long.</p>}
  </>
);
