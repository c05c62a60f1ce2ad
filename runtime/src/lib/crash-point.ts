/**
 * Places at which tests let the network runtime die, to see that nothing is lost. KNI_CRASH_AT names one, and after a
 * `#` which visit of it is the last one; without it they are nothing.
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
