/** Icons of 16 × 16 units, drawn with lines. They are decoration: the button has the name. */

const paths = {
  brand: 'M3 3v10M3 8h4M7 8l5-5M7 8l5 5M12 3h1M12 13h1',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.5 10.5 14 14',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5Z',
  system: 'M2 3h12v8H2ZM6 14h4M8 11v3',
  large: 'M2 12 5.5 3h1L10 12M3.2 9h5.6M11 12l2-5 2 5M11.7 10.4h2.6',
  help: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM6 6.2A2 2 0 1 1 8.6 8C8.1 8.2 8 8.5 8 9.2M8 11.3v.4',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  play: 'M4 2.5v11l9-5.5Z',
  pause: 'M5 3v10M11 3v10',
  start: 'M3 3v10M13 3 6 8l7 5Z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M2 5V2h3M11 2h3v3M14 11v3h-3M5 14H2v-3',
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({name}: {readonly name: IconName}) => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
  </svg>
);
