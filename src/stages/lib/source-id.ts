/** The id of the task that brings the pinned sources of a component, or of kind, into the cache. */

import type {Component} from '../../stacks/own-source.ts';

export const sourceIdOf = (what: Component | 'kind'): string => `init/${what}-source`;
