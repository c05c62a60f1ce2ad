/**
 * A stack like upstream: pinned git sources and a published node image, from a git host and a registry that the test starts.
 * Needs the images of the stack, and makes another cluster. The sources are Debian's, so no internet is needed.
 */

import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {parse, stringify} from 'yaml';
import {exitCodes} from '../../../src/exit-codes.ts';
import {project} from '../../../src/project.ts';
import type {Stack} from '../../../src/stacks/schema.ts';
import {run} from '../../rig/cluster/cluster.ts';
import {repositoryOf} from '../../rig/cluster/debian-source.ts';
import {useImages} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {withPublishedImage} from '../../rig/cluster/published-image.ts';

const name = 'kni-e2e-published';
const named = ['--name', name] as const;

useImages();

describe('a stack of git sources and a published node image', () => {
  it('becomes a cluster with a proved pod and the kubelet and containerd that were built', async () => {
    await kniDemo('down', ...named, '--yes'); // from an interrupted run
    const dir = await mkdtemp(join(tmpdir(), 'kni-published-'));
    try {
      const bookworm: Stack = parse(await readFile(join(project.stacks, 'bookworm.yaml'), 'utf8'));
      const {kubernetes, containerd, builder} = bookworm;
      const source = async (component: 'kubernetes' | 'containerd', tag: string) => {
        const {path, commit} = await repositoryOf(component, dir, tag);
        return {from: 'git', url: `file://${path}`, tag, commit} as const;
      };
      const [kubernetesSource, containerdSource] = [
        await source('kubernetes', kubernetes.version),
        await source('containerd', `v${containerd.version}`),
      ];
      await withPublishedImage(kubernetes.version, async (image) => {
        const stack: Stack = {
          ...bookworm,
          name: 'published',
          title: 'Debian 12, as if it were published',
          kubernetes: {...kubernetes, source: kubernetesSource, binaries: ['kubelet']},
          containerd: {...containerd, source: containerdSource},
          builder: {
            ...builder,
            packages: [...builder.packages, 'containernetworking-plugins', 'libstdc++6'],
          },
          node: {from: 'image', image},
        };
        const file = join(dir, 'published.yaml');
        await writeFile(file, stringify(stack));
        const {exitCode, stdout} = await kniDemo('up', '--quiet', '--stack', file, ...named);
        expect(exitCode).toBe(exitCodes.ok);
        expect(stdout).toContain('[build/node-base-image] started');
        expect(stdout).toMatch(/^4\. netns joined by containerd {2}kni-/m);
        expect(stdout).toContain(`Cluster ${name} is up.`);

        const again = await kniDemo('up', '--quiet', '--stack', file, ...named);
        expect(again.stdout).toContain('nothing was changed');
        const pod = await kniDemo('pod', 'create', 'another', ...named);
        expect(pod.exitCode).toBe(exitCodes.ok);

        await writeFile(
          file,
          stringify({...stack, node: {from: 'image', image: image.replace(':v1.20.2@', ':v1.20.1@')}}),
        );
        const skewed = await kniDemo('up', '--quiet', '--stack', file, ...named);
        expect(skewed.exitCode).toBe(exitCodes.badInput);
        expect(skewed.stderr).toContain('node.image: must have the version of kubernetes, v1.20.2');
      });
    } finally {
      await kniDemo('down', '--yes', ...named);
      await rm(dir, {recursive: true});
    }
    expect(await run('docker', 'ps', '--all', '--quiet', '--filter', 'name=kni-e2e-published')).toBe('');
  }, 1_800_000);
});
