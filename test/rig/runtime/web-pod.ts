/** The pod `web`, its requests, and the plugin calls for its network. */

import type {Selector} from '../../../runtime/src/network/select.ts';

export const pod = {namespace: 'default', name: 'web', uid: 'uid-1'};

export const selector: Selector = {
  sandbox: 'box',
  netns: '',
  uid: 'uid-1',
  attempt: '0',
  namespace: 'default',
  name: 'web',
};

export const attachRequest = {...selector, commonArgs: {}, primaryArgs: {}, selections: []};

export const added = ['first ADD', 'second ADD'];

export const deleted = ['second DEL', 'first DEL'];
