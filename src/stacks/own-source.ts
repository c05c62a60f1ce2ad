/** The user's own sources, which replace those that a stack pins: `kubernetes=https://host/me/kubernetes#my-branch`. */

export const components = ['kubernetes', 'containerd'] as const;
export type Component = (typeof components)[number];

/** The location of the user's own sources, as in the flag --source. */
export type Place =
  | {readonly kind: 'git'; readonly url: string; readonly ref: string}
  | {readonly kind: 'directory'; readonly path: string};

export interface OwnSource {
  readonly component: Component;
  readonly place: Place;
}

export const isUrl = (where: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/|^[^/@\s]+@[^/:\s]+:/i.test(where);

/**
 * Parses `<component>=<git url or directory>[#<ref>]`. A directory without a ref means its current files, including
 * uncommitted changes. A directory with a ref is a git repository. Returns a phrase about the problem if it is invalid.
 */
export const parseOwnSource = (text: string): OwnSource | string => {
  const at = text.indexOf('=');
  const component = components.find((known) => known === text.slice(0, Math.max(at, 0)));
  if (component === undefined) return `must begin with ${components.map((name) => `${name}=`).join(' or ')}`;
  const [where = '', ...refs] = text.slice(at + 1).split('#');
  const ref = refs.join('#');
  if (where === '') return `${component}= must be followed by a git URL or a directory`;
  if (refs.length > 0 && !/^[^\s~^:?*[\\-][^\s~^:?*[\\]*$/.test(ref))
    return `"${ref}" is not the name of a branch, tag or commit`;
  if (isUrl(where)) return {component, place: {kind: 'git', url: where, ref: ref || 'HEAD'}};
  if (where.startsWith('-')) return `"${where}" is neither a git URL nor a directory`;
  return {component, place: ref === '' ? {kind: 'directory', path: where} : {kind: 'git', url: where, ref}};
};

/** The flags that give these sources to a command, to repeat them in a hint. */
export const sourceFlags = ({
  source,
  patch,
}: {
  readonly source: readonly OwnSource[];
  readonly patch: boolean;
}): readonly string[] => [
  ...source.flatMap(({component, place}) => [
    '--source',
    `${component}=${place.kind === 'git' ? `${place.url}#${place.ref}` : place.path}`,
  ]),
  ...(patch ? [] : ['--no-patch']),
];
