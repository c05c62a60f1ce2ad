/** Fetches a release from its git repository. The stack pins its tag and commit. */

import type {Component} from '../../stacks/own-source.ts';
import type {DemoTask} from '../context.ts';
import {gitSourceTask} from '../lib/git-source.ts';
import {pinMismatch} from '../lib/pin-mismatch.ts';
import {sourceIdOf} from '../lib/source-id.ts';
import {gitSourceOf} from '../lib/stack-parts.ts';

export const fetchSource = (component: Component): DemoTask =>
  gitSourceTask({
    id: sourceIdOf(component),
    title: `Fetch the ${component} sources from git`,
    commit({stack}) {
      const {url, tag, commit} = gitSourceOf(component, stack);
      return {url, ref: `refs/tags/${tag}`, commit};
    },
    moved(found, {stack}) {
      const {url, tag, commit} = gitSourceOf(component, stack);
      return pinMismatch({
        what: `${tag} at ${url}`,
        stack: stack.name,
        why: `it is commit ${found}, expected ${commit}`,
        tryThis: 'find out why the tag moved',
      });
    },
  });
