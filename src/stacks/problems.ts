/** Translates zod's issues into messages for people who write YAML. */

import type {z} from 'zod';

export interface Problem {
  /** Keys and indices from the top. */
  readonly at: readonly PropertyKey[];
  /** `missing`, `must be text, not a list` */
  readonly text: string;
}

/** Needs `reportInput`. zod reports all unknown keys of one object together. */
export const problemsOf = (issue: z.core.$ZodIssue): readonly Problem[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => ({at: [...issue.path, key], text: 'unknown field'}))
    : [{at: issue.path, text: messageFor(issue)}];

const messageFor = (issue: z.core.$ZodIssue): string => {
  // `key:` without a value is null, which also counts as missing.
  if (issue.input === undefined || (issue.input === null && issue.path.length > 0)) return 'missing';
  if (issue.code === 'invalid_union' && lacksDiscriminator(issue)) return 'missing';
  if (issue.code !== 'invalid_type') return issue.message;
  const quotes = issue.expected === 'string' && typeof issue.input === 'number' ? '; put it in quotes' : '';
  return `must be ${kinds[issue.expected] ?? issue.expected}, not ${found(issue.input)}${quotes}`;
};

/** For a missing discriminator, zod reports only that its value is not one of the allowed words. */
const lacksDiscriminator = ({discriminator, input}: z.core.$ZodIssueInvalidUnion): boolean =>
  discriminator !== undefined && typeof input === 'object' && input !== null && !(discriminator in input);

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'fields',
};

const found = (value: {} | null): string => {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'fields';
  return typeof value === 'string' ? `the text ${JSON.stringify(value)}` : JSON.stringify(value);
};

/** `kubernetes.source.files[0].sha256: ` */
export const fieldPrefix = (at: Problem['at']): string => {
  const path = at.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return path === '' ? '' : `${path.replace(/^\./, '')}: `;
};
