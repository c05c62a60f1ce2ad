/** Parts that only some stacks have. For other stacks, demo.ts leaves out the tasks that call these functions. */

import type {Component} from '../../stacks/own-source.ts';
import type {BuiltNode, DebianSource, GitSource, PublishedNode, Stack} from '../../stacks/schema.ts';

export const builtNodeOf = ({name, node}: Stack): BuiltNode => {
  if (node.from === 'debian') return node;
  throw new TypeError(`stack ${name} does not build its node image from Debian packages`);
};

export const publishedNodeOf = ({name, node}: Stack): PublishedNode => {
  if (node.from === 'image') return node;
  throw new TypeError(`stack ${name} does not use a published node image`);
};

export const debianSourceOf = (what: Component | 'kind', stack: Stack): DebianSource => {
  const source = what === 'kind' ? builtNodeOf(stack).kind : stack[what].source;
  if (source.from === 'debian') return source;
  throw new TypeError(`stack ${stack.name} does not take ${what} from Debian`);
};

export const gitSourceOf = (component: Component, {[component]: {source}, name}: Stack): GitSource => {
  if (source.from === 'git') return source;
  throw new TypeError(`stack ${name} does not take ${component} from git`);
};
