import {expect, it} from 'vitest';
import {wrapHelp} from '../../src/cli/wrap.ts';

it.each([
  ['fits', 'fits'],
  ['a note that is too wide', 'a note that is too\nwide'],
  ['  two words  a text that continues', '  two words  a text\n             that\n             continues'],
  ['  kni-demo up --name a-long-name', '  kni-demo up --name\n  a-long-name'],
])('wraps the notes of a help: %j', (text, wrapped) => {
  expect(wrapHelp(text, 20)).toBe(wrapped);
});
