/** The text of a stack file, checked against the schema; every problem with its line and its path. */

import {type Document, isNode, LineCounter, parseDocument} from 'yaml';
import {z} from 'zod';
import {type Problem, problemsOf} from './problems.ts';
import {Stack} from './schema.ts';

export type ParsedStack =
  | {readonly ok: true; readonly stack: Stack}
  /** In the file's order: `manifests/stacks/bookworm.yaml:41: kubernetes.source.files[0].sha256: missing` */
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
  const broken = [...document.errors, ...document.warnings][0];
  if (broken) {
    return {
      ok: false,
      problems: [`${path}:${lines.linePos(broken.pos[0]).line}: not YAML: ${broken.message}`],
    };
  }

  const schema = Stack.safeExtend({name: z.literal(name, `must be ${name}, like the file`)});
  const parsed = schema.safeParse(valueOf(document), {reportInput: true});
  if (parsed.success) return {ok: true, stack: parsed.data};
  const problems = parsed.error.issues
    .flatMap(problemsOf)
    .map(({at, text}) => ({line: lineOf(document, lines, at), text: `${nameOf(at)}${text}`}))
    .sort((a, b) => a.line - b.line);
  return {ok: false, problems: problems.map(({line, text}) => `${path}:${line}: ${text}`)};
};

/** Undefined where an alias leads nowhere or too far, which is found only here. */
const valueOf = (document: Document): unknown => {
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
};

/** Of the value, or of the closest thing around it that is there. */
const lineOf = (document: Document, lines: LineCounter, at: Problem['at']): number => {
  for (let depth = at.length; depth > 0; depth -= 1) {
    const node = document.getIn(at.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
};

/** `kubernetes.source.files[0].sha256: ` */
const nameOf = (at: Problem['at']): string => {
  const path = at.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return path === '' ? '' : `${path.replace(/^\./, '')}: `;
};
