/** The text of a stack file, checked against the schema; every problem with its line and its path. */

import {type Document, isNode, LineCounter, parseDocument} from 'yaml';
import type {z} from 'zod';
import {Stack} from './schema.ts';

export type ParsedStack =
  | {readonly ok: true; readonly stack: Stack}
  /** `manifests/stacks/bookworm.yaml:41: kubernetes.source.files[0].sha256: missing` */
  | {readonly ok: false; readonly problems: readonly string[]};

export interface StackFile {
  /** Shown in problems. */
  readonly path: string;
  /** What the stack must be called. */
  readonly name: string;
}

export const parseStack = (yaml: string, {path, name}: StackFile): ParsedStack => {
  const lines = new LineCounter();
  const document = parseDocument(yaml, {lineCounter: lines, prettyErrors: false});
  const [broken] = document.errors;
  if (broken) {
    return {
      ok: false,
      problems: [`${path}:${lines.linePos(broken.pos[0]).line}: not YAML: ${broken.message}`],
    };
  }
  const parsed = Stack.safeParse(document.toJS());
  const issues = parsed.success ? [] : parsed.error.issues.flatMap(problemsOf);
  if (parsed.success && parsed.data.name !== name) {
    issues.push({at: ['name'], text: `must be ${name}, like the file`});
  }
  if (parsed.success && issues.length === 0) return {ok: true, stack: parsed.data};
  return {
    ok: false,
    problems: issues.map(({at, text}) => `${path}:${lineOf(document, lines, at)}: ${nameOf(at)}${text}`),
  };
};

type Path = readonly PropertyKey[];

interface Problem {
  readonly at: Path;
  readonly text: string;
}

/** zod reports all unknown keys of an object as one issue. */
const problemsOf = (issue: z.core.$ZodIssue): readonly Problem[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => ({at: [...issue.path, key], text: 'unknown field'}))
    : [{at: issue.path, text: textOf(issue)}];

const textOf = (issue: z.core.$ZodIssue): string => {
  if (issue.code !== 'invalid_type') return issue.message;
  if (issue.input === undefined) return 'missing';
  return issue.message;
};

/** Of the value, or of the closest thing around it that is there. */
const lineOf = (document: Document, lines: LineCounter, at: Path): number => {
  for (let depth = at.length; depth >= 0; depth -= 1) {
    const node = depth === 0 ? document.contents : document.getIn(at.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
};

/** `kubernetes.source.files[0].sha256: ` */
const nameOf = (at: Path): string => {
  const path = at.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return path === '' ? '' : `${path.replace(/^\./, '')}: `;
};
