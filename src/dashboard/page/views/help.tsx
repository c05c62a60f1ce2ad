import {useEffect, useRef} from 'preact/hooks';
import {keys} from '../keys.ts';
import {recording} from '../replay.ts';
import {isHelpOpen} from '../store.ts';

const legend: readonly (readonly [string, string])[] = [
  ['lane-pod', 'pod, as the API server reports it: a box is the second of its time'],
  ['lane-containerd', 'containerd'],
  ['lane-kubelet', 'kubelet'],
  ['lane-runtime', 'KNI network runtime'],
  ['lane-plugin', 'CNI plugins'],
  ['bar-failed', 'a call that failed'],
  ['bar-rollback', 'rollback: undoes a failed attempt'],
];

/** Below the position of a recording. */
const marks: readonly (readonly [string, string])[] = [
  ['mark-created', 'a pod was created'],
  ['mark-failed', 'a call failed'],
  ['mark-deleted', 'a pod was deleted'],
];

export const Help = () => {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={() => {
        isHelpOpen.value = false;
      }}
    >
      <h2 id="help-title">Keys</h2>
      <dl class="help-keys">
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <div class="legends">
        <div>
          <h2>Colours</h2>
          <ul class="legend">
            {legend.map(([name, meaning]) => (
              <li key={name}>
                <span class={`swatch ${name}`} aria-hidden="true" />
                {meaning}
              </li>
            ))}
          </ul>
        </div>
        {recording.value !== undefined && (
          <div>
            <h2>Marks</h2>
            <ul class="legend">
              {marks.map(([name, meaning]) => (
                <li key={name}>
                  <svg class="swatch-mark" viewBox="0 0 2 10" aria-hidden="true">
                    <rect class={name} width="2" height="10" />
                  </svg>
                  {meaning}
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
};
