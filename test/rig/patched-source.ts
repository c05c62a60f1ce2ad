/** Source trees that the project's own patches fit. They are made from the hunks, with filler lines between these. */

import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {localHost} from '../../src/host/process.ts';
import {linesOf} from '../../src/patches/hunk.ts';
import type {FilePatch} from '../../src/patches/patch-file.ts';
import {readSeries} from '../../src/patches/series.ts';
import {project} from '../../src/project.ts';
import {loadStack} from '../../src/stacks/load.ts';
import type {Component} from '../../src/stacks/own-source.ts';
import {architectureOf} from '../../src/stages/context.ts';
import {demoPlan} from '../../src/stages/demo.ts';
import {seriesOf} from '../../src/stages/init/tree.ts';
import {cachedSources} from '../../src/stages/lib/check-patches.ts';
import {demoContext} from './demo.ts';
import {fakeHost} from './fake-host.ts';
import type {TempDir} from './temp-dir.ts';

export type Tree = ReadonlyMap<string, string>;

const goMod = {
  kubernetes: 'module k8s.io/kubernetes\n',
  containerd: 'module github.com/containerd/containerd\n',
};

/** Files by path, with a go.mod. */
export const treeFor = async (component: Component, name = 'bookworm'): Promise<Tree> => {
  const stack = await loadStack(name, project.stacks);
  const patches = await readSeries(seriesOf(component, {stack}));
  const files = new Map([['go.mod', goMod[component]]]);
  for (const file of patches.flatMap((patch) => patch.files)) {
    if (file.kind === 'create') continue;
    if (files.has(file.path))
      throw new Error(`two patches change ${file.path}, which this rig does not support`);
    files.set(file.path, textFor(file));
  }
  return files;
};

const textFor = ({path, hunks}: FilePatch): string => {
  const lines: string[] = [];
  for (const {old, oldStart} of hunks) {
    while (lines.length < oldStart - 1) lines.push(`// line ${lines.length + 1} of ${path}\n`);
    lines.push(...old);
  }
  return lines.join('');
};

/** The tree with one file changed; undefined removes it. */
export const changed = (tree: Tree, path: string, change: (text: string) => string | undefined): Tree => {
  const files = new Map(tree);
  const text = change(tree.get(path) ?? '');
  if (text === undefined) files.delete(path);
  else files.set(path, text);
  return files;
};

/** Inserts lines before a line, counted from 1. */
export const inserted =
  (at: number, ...lines: readonly string[]) =>
  (text: string): string =>
    linesOf(text)
      .toSpliced(at - 1, 0, ...lines.map((line) => `${line}\n`))
      .join('');

export const writeTree = async (directory: string, tree: Tree): Promise<void> => {
  for (const [path, text] of tree) {
    await mkdir(dirname(join(directory, path)), {recursive: true});
    await writeFile(join(directory, path), text, 'latin1');
  }
};

/** Writes a tree to the cache of `dir` as the source package that the stack pins, with Debian's patches by name. */
export const cacheSource = async (
  dir: TempDir,
  component: Component,
  tree: Tree,
  debian: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const context = await demoContext(dir, fakeHost(), {
    architecture: architectureOf(process.arch) ?? 'amd64',
  });
  const source = (await cachedSources(demoPlan(context.stack), context)).find(
    (each) => each.component === component,
  );
  if (source === undefined) throw new Error(`no source of ${component}`);
  const scratch = dir.join('packing', component);
  await writeTree(join(scratch, `${component}-1.0`), tree);
  const series = Object.keys(debian).map((name) => `${name}\n`);
  await writeTree(
    join(scratch, 'debian/patches'),
    new Map([['series', series.join('')], ...Object.entries(debian)]),
  );
  await mkdir(source.path, {recursive: true});
  const pack = (file: string, what: string) =>
    localHost().run(['tar', ['-C', scratch, '-caf', join(source.path, file), what]]);
  await pack(`${component}_1.0.orig.tar.gz`, `${component}-1.0`);
  await writeFile(join(source.path, `${component}_1.0.orig.tar.gz.asc`), 'a signature');
  await pack(`${component}_1.0-1.debian.tar.xz`, 'debian');
};
