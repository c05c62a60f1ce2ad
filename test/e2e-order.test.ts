import {readdir} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {expect, it} from 'vitest';
import {project} from '../src/project.ts';
import {chapters} from './e2e/order.ts';

it('the end-to-end order names every chapter once', async () => {
  const files = await readdir(join(project.root, 'test/e2e/chapters'));
  expect(chapters.toSorted()).toEqual(files.map((file) => basename(file, '.test.ts')).sort());
});

it('no chapter name is part of another, so that a name selects one chapter', () => {
  const selected = chapters.map((name) => chapters.filter((other) => other.includes(name)));
  expect(selected).toEqual(chapters.map((name) => [name]));
});
