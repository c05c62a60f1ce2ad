import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {localHost} from '../../src/host/process.ts';
import {project} from '../../src/project.ts';

const scripts = (await readdir(project.manifests, {recursive: true})).filter((name) => name.endsWith('.sh'));

describe('shell scripts', () => {
  it('are there', () => {
    expect(scripts).toContain('scripts/prepare-tree.sh');
  });

  it.each(scripts)('%s is read by sh without complaint, and stops at the first failure', async (name) => {
    const path = join(project.manifests, name);
    expect(await localHost().run(['sh', ['-n', path]])).toEqual({stdout: '', stderr: ''});
    const {stdout} = await localHost().run(['grep', ['-m1', '-E', '^(#!/bin/sh|set -eu)$', path]]);
    expect(stdout).toBe('#!/bin/sh');
    await localHost().run(['grep', ['-qx', 'set -eu', path]]);
  });
});
