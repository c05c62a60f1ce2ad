/** States of pods and nodes: a shape, a colour and a word, so that none depends on colours alone. */

const shapes = {
  ready: 'M4 8.2 7 11l5-6',
  starting: 'M8 4v4l2.5 2',
  failing: 'M5 5l6 6M11 5l-6 6',
  deleting: 'M4.5 8h7',
  removed: 'M4.5 8h7',
  gone: 'M4.5 8h7',
  unknown: 'M8 4.5v4M8 10.8v.4',
} as const;

export type StateName = keyof typeof shapes;

const titles: Readonly<Record<StateName, string>> = {
  ready: 'Ready',
  starting: 'starting',
  failing: 'failing',
  deleting: 'Terminating',
  removed: 'gone',
  gone: 'gone',
  unknown: 'unknown',
};

interface Props {
  readonly state: StateName;
  /** Default: the usual word of the state. */
  readonly word?: string;
  /** Whether the word is visible; screen readers always read it. */
  readonly label?: boolean;
}

export const StateMark = ({state, word = titles[state], label = true}: Props) => (
  <span class={`state state-${state}`}>
    <svg class="state-mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <circle cx="8" cy="8" r="7" />
      <path d={shapes[state]} />
    </svg>
    <span class={label ? 'state-word' : 'only-read'}>{word}</span>
  </span>
);
