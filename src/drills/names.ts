/** The names of the drills, for the flags: loads no drill. */

export const drillNames = [
  'life',
  'readiness',
  'restart',
  'exhaustion',
  'failed-add',
  'leak',
  'ownership',
  'hostport',
  'multi-network',
  'attack',
] as const;
export type DrillName = (typeof drillNames)[number];
