/** Reads declaration files as tsc writes them: one declaration after another, each at the start of a line. */

import {dirname, join, normalize} from 'node:path';

export interface Declaration {
  readonly name: string;
  /** With its comment. */
  readonly text: string;
}

export interface DeclarationFile {
  /** From the folder of the sources, such as `sdk/pods.ts`. */
  readonly path: string;
  /** The first line of its first comment, which says what the module is for. */
  readonly purpose: string;
  readonly declarations: readonly Declaration[];
  /** The modules of imported and re-exported names: a path, or the name of a package. */
  readonly imports: ReadonlyMap<string, string>;
  /** Names that it exports from other modules, in order. */
  readonly exported: readonly string[];
}

export const parseDeclarations = (path: string, text: string): DeclarationFile => {
  const imports = new Map<string, string>();
  const exported: string[] = [];
  for (const [, kind, names = '', from = ''] of text.matchAll(
    /^(import|export)(?: type)? \{([^}]*)\} from ['"]([^'"]+)['"];$/gm,
  )) {
    const target = from.startsWith('.') ? normalize(join(dirname(path), from)) : from;
    for (const name of names.split(',').map((each) => each.trim().replace(/^type /, ''))) {
      if (name === '') continue;
      if (!/^\w+$/.test(name)) throw new Error(`${path}: cannot join "${name}"`);
      imports.set(name, target);
      if (kind === 'export') exported.push(name);
    }
  }
  const declarations = [...text.matchAll(declaration)].map(([whole, , , name = '']) => ({
    name,
    text: whole.trimEnd(),
  }));
  const purpose = /^\/\*\* (.*?) \*\/$/m.exec(text)?.[1] ?? '';
  return {path, purpose, declarations, imports, exported};
};

/** A comment, if there is one, and a declaration up to the next line that is neither indented nor a closing bracket. */
const declaration =
  /(?:^\/\*\*(?:(?!\*\/)[^])*\*\/\n)?^export (declare )?(const|type|interface|class|function) (\w+).*\n(?:^[ })\]].*\n)*/gm;
