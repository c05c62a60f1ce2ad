/** The added and removed parts of the networks, as text. */

import {useMemo, useState} from 'preact/hooks';
import {ownValue} from '../../../own-value.ts';
import {clockText, shortNode, shortPod} from '../model/text.ts';
import {matches, model, openLife, search} from '../store.ts';
import {VirtualList} from './virtual-list.tsx';

const signs: Readonly<Record<string, string>> = {
  'netns-created': '+',
  'netns-deleted': '−',
  'address-assigned': '+',
  'address-released': '−',
  'route-set': '+',
  'route-deleted': '−',
  'tunnel-set': '+',
  'tunnel-deleted': '−',
  'runtime-started': '+',
  'runtime-stopping': '−',
  readiness: '•',
};

const signOf = (about: object): string | undefined =>
  'kind' in about ? ownValue(signs, String(about.kind)) : undefined;

export const Changes = () => {
  const {log, cluster, lives} = model.value;
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const changes = useMemo(
    () =>
      log.filter(
        ({about, node, pod = '', text}) => signOf(about) !== undefined && matches(`${node} ${pod} ${text}`),
      ),
    [log, search.value],
  );
  return (
    <section class="changes" aria-label="Changes of the networks">
      <h2 class="changes-title">Changes</h2>
      {changes.length === 0 ? (
        <p class="hint">Nothing has changed yet.</p>
      ) : (
        <VirtualList
          label="Changes of the networks"
          items={changes}
          rowHeight={1.6}
          keyOf={({id}) => id}
          sticksToEnd
          chosen={chosen}
          onChoose={({id}) => setChosen(id)}
          onOpen={({life, bar}) => {
            if (life !== undefined && lives.has(life)) openLife(life, bar);
          }}
          row={({at, node, pod, text, about, level, life, bar}) => (
            <div class="changes-columns">
              <span class="mono dim">{clockText(at)}</span>
              <span>{shortNode(node, cluster)}</span>
              {pod !== undefined && life !== undefined && lives.has(life) ? (
                <span class="link" title={`Show ${pod}`} onClick={() => openLife(life, bar)}>
                  {shortPod(pod)}
                </span>
              ) : (
                <span class="dim">{pod === undefined ? '' : shortPod(pod)}</span>
              )}
              <span class={signOf(about) === '−' ? 'change-less' : 'change-more'}>{signOf(about)}</span>
              <span class={`level-${level}`} title={text}>
                {text}
              </span>
            </div>
          )}
        />
      )}
    </section>
  );
};
