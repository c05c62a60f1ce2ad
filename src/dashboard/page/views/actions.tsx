/** Changes the cluster. Each action shows the command line that does the same. */

import {useEffect, useRef, useState} from 'preact/hooks';
import {defaultCluster} from '../../../cluster/names.ts';
import type {ActionName, ActionRequest, ActionResponse} from '../../feed.ts';
import {act} from '../live.ts';
import {shortNode, shortPod} from '../model/text.ts';
import {actionForm, announcement, model} from '../store.ts';
import {CloseButton} from './close-button.tsx';

const titles: Readonly<Record<ActionName, string>> = {
  'create-pod': 'Create a pod',
  'delete-pod': 'Delete a pod',
  'stop-runtime': 'Stop a network runtime',
  'start-runtime': 'Start a network runtime',
  drill: 'Run a drill',
};

const notes: Readonly<Record<ActionName, string>> = {
  'create-pod': 'Creates a pod from the sample image, and proves where its network came from.',
  'delete-pod': 'Deletes the pod. Its network is detached and deleted.',
  'stop-runtime': 'The node becomes NotReady. Running pods keep their networks.',
  'start-runtime': 'The node becomes Ready again.',
  drill: 'Breaks something on purpose, shows what KNI does, and restores it.',
};

interface Choice {
  readonly action: ActionName;
  readonly name: string;
  readonly node: string;
  readonly pod: string;
  readonly drill: string;
}

/** What a user would type. */
const commandOf = (choice: Choice, cluster: string): string =>
  `kni-demo ${wordsOf(choice)}${cluster === defaultCluster.name ? '' : ` --name ${cluster}`}`;

const wordsOf = ({action, name, node, pod, drill}: Choice): string => {
  switch (action) {
    case 'create-pod':
      return `pod create ${name}${node === '' ? '' : ` --node ${node}`}`;
    case 'delete-pod':
      return `pod delete ${shortPod(pod)}`;
    case 'stop-runtime':
      return `stop --runtime-of ${node}`;
    case 'start-runtime':
      return `start --runtime-of ${node}`;
    case 'drill':
      return `drill ${drill}`;
  }
};

const requestOf = ({action, name, node, pod, drill}: Choice): ActionRequest => {
  switch (action) {
    case 'create-pod':
      return {action, name, ...(node !== '' && {node})};
    case 'delete-pod':
      return {action, pod};
    case 'stop-runtime':
    case 'start-runtime':
      return {action, node};
    case 'drill':
      return {action, name: drill};
  }
};

/** A name that no pod has. */
const freeName = (pods: ReadonlyMap<string, unknown>): string => {
  for (let number = 1; ; number++) if (!pods.has(`default/web-${number}`)) return `web-${number}`;
};

type Progress =
  | {readonly kind: 'idle'}
  | {readonly kind: 'running'}
  | ({readonly kind: 'done'} & ActionResponse);

export const ActionPanel = () => {
  const {actions, drills, nodes = [], pods, cluster} = model.value;
  const form = actionForm.value;
  const own = [...pods.values()].filter(({removed, hostNetwork}) => removed === undefined && !hostNetwork);
  const worker = nodes.find(({role}) => role === 'worker') ?? nodes[0];
  const [choice, setChoice] = useState<Choice>(() => ({
    action: form?.action ?? 'create-pod',
    name: freeName(pods),
    node: form?.node ?? '',
    pod: form?.pod ?? own.find(({namespace}) => namespace === 'default')?.path ?? own[0]?.path ?? '',
    drill: drills[0] ?? '',
  }));
  const [progress, setProgress] = useState<Progress>({kind: 'idle'});
  const {action} = choice;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.querySelector('select')?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const needsNode = action === 'stop-runtime' || action === 'start-runtime';
  const effective = {...choice, node: needsNode && choice.node === '' ? (worker?.name ?? '') : choice.node};
  const set = (change: Partial<Choice>): void => {
    setChoice({...choice, ...change});
    if (progress.kind === 'done') setProgress({kind: 'idle'});
  };
  const run = async (): Promise<void> => {
    setProgress({kind: 'running'});
    announcement.value = `${titles[action]}: running`;
    const response = await act(requestOf(effective));
    announcement.value = `${titles[action]}: ${response.ok ? 'done' : 'failed'}`;
    setProgress({kind: 'done', ...response});
    if (response.ok && action === 'create-pod') setChoice({...choice, name: freeName(model.value.pods)});
  };
  const command =
    progress.kind === 'done' && progress.commandLine !== ''
      ? progress.commandLine
      : commandOf(effective, cluster);
  return (
    <aside class="actions" aria-label="Actions" ref={panel}>
      <header class="panel-head">
        <h2>Actions</h2>
        <CloseButton
          onClick={() => {
            actionForm.value = undefined;
          }}
        />
      </header>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Select
          label="Action"
          value={action}
          options={actions.map((each) => [each, titles[each]])}
          onChange={(value) => set({action: actions.find((each) => each === value) ?? action})}
        />
        <p class="hint">{notes[action]}</p>
        {action === 'create-pod' && (
          <>
            <label class="form-row">
              <span>Name</span>
              <input
                required
                value={choice.name}
                autoComplete="off"
                spellcheck={false}
                onInput={({currentTarget}) => set({name: currentTarget.value})}
              />
            </label>
            <Select
              label="Node"
              value={choice.node}
              options={[
                ['', 'the scheduler chooses'],
                ...nodes.map(({name}): [string, string] => [name, shortNode(name, cluster)]),
              ]}
              onChange={(node) => set({node})}
            />
          </>
        )}
        {action === 'delete-pod' && (
          <Select
            label="Pod"
            value={choice.pod}
            options={own.map(({path}): [string, string] => [path, shortPod(path)])}
            onChange={(pod) => set({pod})}
          />
        )}
        {needsNode && (
          <Select
            label="Node"
            value={effective.node}
            options={nodes.map(({name}): [string, string] => [name, shortNode(name, cluster)])}
            onChange={(node) => set({node})}
          />
        )}
        {action === 'drill' && (
          <Select
            label="Drill"
            value={choice.drill}
            options={drills.map((each): [string, string] => [each, each])}
            onChange={(drill) => set({drill})}
          />
        )}
        <div class="command">
          <span class="dim">the same in a terminal</span>
          <code>{command}</code>
        </div>
        <button type="submit" class="button button-main" disabled={progress.kind === 'running'}>
          {progress.kind === 'running' ? 'Running…' : 'Run'}
        </button>
      </form>
      {progress.kind === 'done' && (
        <div class={progress.ok ? 'outcome' : 'outcome outcome-bad'}>
          <h3>{progress.ok ? '✓ done' : '✕ failed'}</h3>
          <pre tabIndex={0}>{progress.output}</pre>
        </div>
      )}
    </aside>
  );
};

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

const Select = ({label, value, options, onChange}: SelectProps) => (
  <label class="form-row">
    <span>{label}</span>
    <select value={value} onChange={({currentTarget}) => onChange(currentTarget.value)}>
      {options.map(([id, title]) => (
        <option key={id} value={id}>
          {title}
        </option>
      ))}
    </select>
  </label>
);
