/** Parses YAML files of the user and of kni-demo, and validates them. Every problem has its line and its field. */

import {type Document, isNode, LineCounter, parseDocument} from 'yaml';
import {z} from 'zod';
import {fieldPrefix, type Problem, problemsOf} from './problems.ts';
import {Stack} from './schema.ts';

export type StackResult =
  | {readonly ok: true; readonly stack: Stack}
  /** In the file's order: `manifests/stacks/bookworm.yaml:41: kubernetes.source.files[0].sha256: missing` */
  | {readonly ok: false; readonly problems: readonly string[]};

export interface StackFile {
  /** The path that problems show. */
  readonly path: string;
  /** The required value of the field `name`. */
  readonly name: string;
}

export const parseStack = (yaml: string, {path, name}: StackFile): StackResult => {
  const schema = Stack.safeExtend({name: z.literal(name, `must be ${name}, like the file`)});
  const result = parseYaml(yaml, path, schema);
  return result.ok ? {ok: true, stack: result.value} : result;
};

export type YamlResult<T> =
  | {readonly ok: true; readonly value: T}
  /** In the file's order, as for a stack. */
  | {readonly ok: false; readonly problems: readonly string[]};

/** `path` is what problems show. */
export const parseYaml = <T>(yaml: string, path: string, schema: z.ZodType<T>): YamlResult<T> => {
  const lines = new LineCounter();
  const document = parseDocument(yaml, {lineCounter: lines, prettyErrors: false});
  const broken = [...document.errors, ...document.warnings][0];
  if (broken) {
    return {
      ok: false,
      problems: [`${path}:${lines.linePos(broken.pos[0]).line}: not YAML: ${broken.message}`],
    };
  }

  const result = schema.safeParse(valueOf(document), {reportInput: true});
  if (result.success) return {ok: true, value: result.data};
  const problems = result.error.issues
    .flatMap(problemsOf)
    .map(({at, text}) => ({line: lineOf(document, lines, at), text: `${fieldPrefix(at)}${text}`}))
    .sort((a, b) => a.line - b.line);
  return {ok: false, problems: problems.map(({line, text}) => `${path}:${line}: ${text}`)};
};

/** Undefined if an alias is unknown or expands too much: the parser reports that only in toJS. */
const valueOf = (document: Document): unknown => {
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
};

/** The line of a value. For a missing value, the line of the closest object around it. */
const lineOf = (document: Document, lines: LineCounter, at: Problem['at']): number => {
  for (let depth = at.length; depth > 0; depth -= 1) {
    const node = document.getIn(at.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
};
