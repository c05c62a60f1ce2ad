import {Icon} from './icon.tsx';

/** Closes a panel. `keys.ts` decides what Escape closes. */
export const CloseButton = ({onClick}: {readonly onClick: () => void}) => (
  <button type="button" class="icon-button" aria-label="Close" title="Close (Esc)" onClick={onClick}>
    <Icon name="close" />
  </button>
);
