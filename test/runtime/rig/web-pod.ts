/** The pod `web`, what it asks for, and the plugin calls that its network takes. */

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
