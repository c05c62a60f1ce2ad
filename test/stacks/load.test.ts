import {copyFile, mkdir, readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {loadStack, stackNames} from '../../src/stacks/load.ts';
import {tempDir} from '../rig/temp-dir.ts';

const shipped = fileURLToPath(new URL('../../manifests/stacks', import.meta.url));

const failureOf = async (load: Promise<unknown>): Promise<UserError> => {
  const error: unknown = await load.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw new Error('expected a UserError', {cause: error});
  return error;
};

describe('stackNames', () => {
  it('lists the stack files, sorted, and nothing else', async () => {
    await using dir = await tempDir();
    for (const name of ['upstream.yaml', 'bookworm.yaml', 'notes.md', '.hidden'])
      await writeFile(dir.join(name), '');
    await mkdir(dir.join('patches'));
    expect(await stackNames(dir.path)).toEqual(['bookworm', 'upstream']);
  });
});

describe('loadStack', () => {
  it('loads every stack that is shipped', async () => {
    for (const name of await stackNames(shipped)) {
      expect(await loadStack(name, shipped)).toMatchObject({name});
    }
  });

  it('refuses an unknown stack, and lists the known ones', async () => {
    await using dir = await tempDir();
    for (const name of ['upstream.yaml', 'bookworm.yaml']) await writeFile(dir.join(name), '');
    const error = await failureOf(loadStack('bookwurm', dir.path));
    expect(error.message).toBe('unknown stack bookwurm: the known stacks are bookworm and upstream');
    expect(error.exitCode).toBe(exitCodes.badInput);
  });

  it('does not look outside of its folder', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('stacks'));
    await writeFile(dir.join('secret.yaml'), 'secret: 1\n');
    expect((await failureOf(loadStack('../secret', dir.join('stacks')))).what).toBe(
      'unknown stack ../secret',
    );
  });

  it('refuses an invalid stack with one line for each problem', async () => {
    await using dir = await tempDir();
    const yaml = await readFile(`${shipped}/bookworm.yaml`, 'utf8');
    const broken = yaml
      .replace(/^title: .*\n/m, '')
      .replace('podSubnet: 10.244.0.0/16', 'podSubnet: 10.244.0.0');
    await writeFile(dir.join('bookworm.yaml'), broken);
    const error = await failureOf(loadStack('bookworm', dir.path));
    const path = dir.join('bookworm.yaml');
    expect(error.what).toBe('invalid stack bookworm');
    expect(error.why.split('\n')).toEqual([
      expect.stringMatching(`^${path}:\\d+: title: missing$`),
      expect.stringMatching(`^${path}:\\d+: cluster.podSubnet: must be an IPv4 range such as 10.244.0.0/16$`),
    ]);
    expect(error.exitCode).toBe(exitCodes.badInput);
  });

  it.each(['yaml', 'yml'])('loads a file of your own that ends with .%s', async (ending) => {
    await using dir = await tempDir();
    await copyFile(`${shipped}/bookworm.yaml`, dir.join(`bookworm.${ending}`));
    expect(await loadStack(dir.join(`bookworm.${ending}`), shipped)).toMatchObject({name: 'bookworm'});
  });
});
