import {visibleText} from '../model/text.ts';
import {recording} from '../replay.ts';
import {changeTheme, isLarge, theme} from '../settings.ts';
import {
  actionForm,
  connection,
  isHelpOpen,
  isReplay,
  model,
  search,
  showView,
  type View,
  view,
} from '../store.ts';
import {Icon} from './icon.tsx';

const tabs: readonly (readonly [View, string])[] = [
  ['life', 'Life of a pod'],
  ['topology', 'Topology'],
  ['nodes', 'Nodes'],
  ['pods', 'Pods'],
  ['log', 'Log'],
];

export const Header = () => (
  <header class="header">
    <h1 class="brand">
      <Icon name="brand" />
      <span class="brand-cluster" title={model.value.cluster}>
        {model.value.cluster || 'kni-demo'}
      </span>
    </h1>
    <nav class="tabs" aria-label="Views">
      {tabs.map(([id, title], index) => (
        <button
          type="button"
          key={id}
          class="tab"
          aria-current={view.value === id ? 'page' : undefined}
          aria-keyshortcuts={String(index + 1)}
          title={`${title} (${index + 1})`}
          onClick={() => showView(id)}
        >
          {title}
        </button>
      ))}
    </nav>
    <label class="search">
      <Icon name="search" />
      <input
        id="search"
        type="search"
        placeholder="Search pods, addresses, nodes"
        aria-label="Search pods, addresses, nodes and log lines"
        aria-keyshortcuts="/"
        value={search.value}
        onInput={({currentTarget}) => {
          search.value = currentTarget.value;
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
    <ConnectionState />
    <div class="buttons">
      {model.value.actions.length > 0 && (
        <button
          type="button"
          class="button"
          aria-expanded={actionForm.value !== undefined}
          onClick={() => {
            const [action = 'create-pod'] = model.value.actions;
            actionForm.value = actionForm.value === undefined ? {action} : undefined;
          }}
        >
          Actions
        </button>
      )}
      <button
        type="button"
        class="icon-button"
        title={`Colours: ${theme.value} (t)`}
        aria-label={`Colours: ${theme.value}. Change`}
        onClick={changeTheme}
      >
        <Icon name={theme.value === 'light' ? 'sun' : theme.value === 'dark' ? 'moon' : 'system'} />
      </button>
      <button
        type="button"
        class="icon-button"
        title="Large text, for projectors (l)"
        aria-label="Large text"
        aria-pressed={isLarge.value}
        onClick={() => {
          isLarge.value = !isLarge.value;
        }}
      >
        <Icon name="large" />
      </button>
      <button
        type="button"
        class="icon-button"
        title="Keys (?)"
        aria-label="Help: keys and colours"
        onClick={() => {
          isHelpOpen.value = true;
        }}
      >
        <Icon name="help" />
      </button>
    </div>
  </header>
);

const ConnectionState = () => {
  const state = connectionState();
  return (
    <span class={`connection connection-${state.kind}`} title={state.title}>
      <span class="connection-dot" aria-hidden="true" />
      {state.text}
    </span>
  );
};

const connectionState = () => {
  if (connection.value === 'broken') return {kind: 'lost', text: 'offline', title: 'no answer from kni-demo'};
  if (recording.value !== undefined) return {kind: 'replay', text: 'replay', title: 'a recording'};
  if (isReplay.value) return {kind: 'wait', text: 'loading', title: 'the page reads the recording'};
  if (model.value.lost !== undefined)
    return {kind: 'lost', text: 'cluster lost', title: visibleText(model.value.lost)};
  if (model.value.nodes === undefined) return {kind: 'wait', text: 'connecting', title: 'no data yet'};
  return {kind: 'live', text: 'live', title: `${model.value.events} events`};
};
