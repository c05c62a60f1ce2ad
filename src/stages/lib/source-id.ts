/** The id of the task that fetches the pinned sources of a component, or of kind. */

import type {Component} from '../../stacks/own-source.ts';

export const sourceIdOf = (what: Component | 'kind'): string => `init/${what}-source`;
