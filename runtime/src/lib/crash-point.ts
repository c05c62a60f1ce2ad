/**
 * Points at which tests kill the network runtime to check its recovery. KNI_CRASH_AT names one, followed by `#` and the
 * number of the visit that crashes. Without the variable the points do nothing.
 */
export const crashPoints = [
  'create: before record',
  'create: record written',
  'create: netns made',
  'attach: before intent',
  'attach: intent written',
  'attach: plugin added',
  'attach: before result',
  'attach: result written',
  'detach: before intent',
  'detach: intent written',
  'detach: plugin deleted',
  'detach: before result',
  'detach: result written',
  'delete: netns removed',
  'delete: record removed',
  'journal: written, not synced',
  'reconcile: before garbage collection',
] as const;

export type CrashPoint = (typeof crashPoints)[number];

const [chosen, visit = '1'] = (process.env['KNI_CRASH_AT'] ?? '').split('#');
let visits = 0;

export const crashPoint = (point: CrashPoint): void => {
  if (point !== chosen) return;
  visits++;
  if (visits === Number(visit)) process.kill(process.pid, 'SIGKILL');
};
