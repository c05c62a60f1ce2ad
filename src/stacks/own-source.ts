/** Sources of the user's own, in place of those that a stack pins: `kubernetes=https://host/me/kubernetes#my-branch`. */

export const components = ['kubernetes', 'containerd'] as const;
export type Component = (typeof components)[number];

/** Where a user's own sources are, as it was asked for. */
export type Place =
  | {readonly kind: 'git'; readonly url: string; readonly ref: string}
  | {readonly kind: 'directory'; readonly path: string};

export interface OwnSource {
  readonly component: Component;
  readonly place: Place;
}

export const isUrl = (where: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/|^[^/@\s]+@[^/:\s]+:/i.test(where);

/**
 * `<component>=<git url or directory>[#<ref>]`. A directory without a ref is taken as it is, with what is not committed;
 * with one, it is a repository like any other. Returns the problem as a phrase where it is none of this.
 */
export const parseOwnSource = (text: string): OwnSource | string => {
  const at = text.indexOf('=');
  const component = components.find((known) => known === text.slice(0, Math.max(at, 0)));
  if (component === undefined) return `must begin with ${components.map((name) => `${name}=`).join(' or ')}`;
  const [where = '', ...refs] = text.slice(at + 1).split('#');
  const ref = refs.join('#');
  if (where === '') return `${component}= must be followed by a git URL or a directory`;
  if (refs.length > 0 && !/^[^\s~^:?*[\\-][^\s~^:?*[\\]*$/.test(ref))
    return `"${ref}" is no name of a branch, tag or commit`;
  if (isUrl(where)) return {component, place: {kind: 'git', url: where, ref: ref || 'HEAD'}};
  if (where.startsWith('-')) return `"${where}" is neither a git URL nor a directory`;
  return {component, place: ref === '' ? {kind: 'directory', path: where} : {kind: 'git', url: where, ref}};
};
