import {expect, it} from 'vitest';
import {familyOf} from '../../../src/dashboard/page/model/topology.ts';

it.each([
  ['default', 'web-5d9c7b8f4-x2x7k', 'web'],
  ['default', 'web-5d9c7b8f4-xkxzk', 'web'],
  ['kube-flannel', 'kube-flannel-ds-bcdfg', 'kube-flannel/kube-flannel-ds'],
  ['default', 'web-3', 'web'],
  ['default', 'hello-world', 'hello-world'],
  ['default', '42', '42'],
])('groups pod %s/%s as %s', (namespace, name, family) => {
  expect(familyOf({namespace, name})).toBe(family);
});
