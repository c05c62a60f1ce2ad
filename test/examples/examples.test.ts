import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {parseAllDocuments} from 'yaml';
import {parseConflist} from '../../runtime/src/cni/conflist.ts';
import {networkSelectionsFrom, networksAnnotation} from '../../runtime/src/network/network-selection.ts';
import {project} from '../../src/project.ts';
import {loadStack} from '../../src/stacks/load.ts';

const example = (...path: string[]): string => join(project.root, 'examples', ...path);

interface Resource {
  readonly kind: string;
  readonly metadata: {readonly name: string; readonly annotations?: Readonly<Record<string, string>>};
  readonly spec: {readonly config: string};
}

const resourcesIn = async (path: string): Promise<readonly Resource[]> =>
  parseAllDocuments(await readFile(path, 'utf8')).map((document) => document.toJS() as Resource);

const selectionsOf = ({metadata}: Resource) =>
  networkSelectionsFrom(metadata.annotations?.[networksAnnotation], ['eth0', 'lo']);

describe('the example of a stack', () => {
  it('is bookworm with another cluster', async () => {
    const bookworm = await loadStack('bookworm', project.stacks);
    const {name, title, cluster} = await loadStack(example('stack/roomy.yaml'), project.stacks);
    expect(cluster).not.toEqual(bookworm.cluster);
    expect(await loadStack(example('stack/roomy.yaml'), project.stacks)).toEqual({
      ...bookworm,
      name,
      title,
      cluster,
    });
  });
});

describe('the examples of networks', () => {
  it('have valid configurations, and pods that select them', async () => {
    for (const file of await readdir(example('networks'))) {
      const [definition, pod] = await resourcesIn(example('networks', file));
      if (!definition || !pod) throw new Error(`${file} needs a definition and a pod`);
      const {name, plugins} = parseConflist(definition.spec.config);
      expect(name).toBe(definition.metadata.name);
      for (const selection of selectionsOf(pod)) {
        expect(selection.name).toBe(name);
        for (const capability of Object.keys(selection.capabilityArgs))
          expect(plugins[0].capabilities).toContain(capability);
      }
    }
  });

  it('have a configuration for the directory of a node, and a pod that selects it', async () => {
    const {name, plugins} = parseConflist(await readFile(example('cni/20-lab.conflist'), 'utf8'));
    const [pod] = await resourcesIn(example('cni/pod.yaml'));
    if (!pod) throw new Error('pod.yaml is empty');
    expect(selectionsOf(pod)).toMatchObject([{name, capabilityArgs: {bandwidth: {ingressRate: 8_000_000}}}]);
    expect(plugins.map(({type}) => type)).toEqual(['bridge', 'bandwidth']);
  });
});
