/** Reads the answers of the dashboard. It refuses some requests in plain text. Pure. */

import type {ActionResponse} from '../../feed.ts';

/** The answer to an action, or the reason of a refusal. */
export const readAnswer = (text: string, status: number): ActionResponse =>
  actionResponseIn(text) ?? {ok: false, commandLine: '', output: refusalText(text, status)};

const actionResponseIn = (text: string): ActionResponse | undefined => {
  try {
    const answer: ActionResponse | null = JSON.parse(text);
    return typeof answer?.ok === 'boolean' ? answer : undefined;
  } catch {
    return undefined;
  }
};

export const refusalText = (text: string, status: number): string =>
  reasonIn(text) ?? `the dashboard answered ${status}`;

/** An error is an object as commands print it with `--json`, or a text. */
const reasonIn = (text: string): string | undefined => {
  try {
    const parsed: {readonly error?: unknown; readonly output?: unknown} = JSON.parse(text);
    const {error, output} = parsed;
    if (typeof error === 'object' && error !== null && 'what' in error)
      return [error.what, 'why' in error ? error.why : ''].filter(Boolean).join(': ');
    return typeof error === 'string' ? error : typeof output === 'string' ? output : undefined;
  } catch {
    return text.trim() || undefined;
  }
};
