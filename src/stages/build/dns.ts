/** Bundles the DNS server of stacks without CoreDNS, and writes the manifest that runs it. */

import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parseAllDocuments} from 'yaml';
import {z} from 'zod';
import {digestOfTree, sha256File} from '../../cache/digest.ts';
import {project} from '../../project.ts';
import type {Stack} from '../../stacks/schema.ts';
import {bundleProgram} from '../lib/bundle-program.ts';
import {artifactTask, tagOf} from '../lib/products.ts';

export const dnsManifestFile = 'dns.json';

/** An annotation of the Deployment: the tag of the build that it runs. */
export const buildAnnotation = 'kni-demo.dev/build';

/** An image of Node.js alone, which the nodes have already. */
export const nodejsImage = ({nodejs}: Pick<Stack, 'nodejs'>): string => `kni-demo/nodejs:${nodejs.version}`;

/** The files of the network runtime that the DNS server shares. Other changes of the runtime must not restart it. */
export const sharedFiles = [
  'src/lib/json.ts',
  'src/log.ts',
  'src/node/api-client.ts',
  'src/node/follow-resource.ts',
  'src/node/watch-resource.ts',
] as const;

const source = join(project.manifests, 'cluster', 'dns.yaml');
const program = 'kni-dns.cjs';

export const dnsServer = artifactTask({
  id: 'build/dns',
  title: 'Bundle the DNS server',
  needs: [],
  inputs: async ({stack}) => ({
    sources: await digestOfTree(project.dns),
    shared: await Promise.all(sharedFiles.map((file) => sha256File(join(project.runtime, file)))),
    dependencies: JSON.parse(await readFile(join(project.root, 'package.json'), 'utf8')).dependencies,
    manifest: await sha256File(source),
    image: nodejsImage(stack),
  }),
  async fill(out, {stack}, {fingerprint}) {
    await bundleProgram('dns', join(out, program));
    const manifest = dnsManifest({
      yaml: await readFile(source, 'utf8'),
      program: await readFile(join(out, program), 'utf8'),
      image: nodejsImage(stack),
      build: tagOf(fingerprint),
    });
    await writeFile(join(out, dnsManifestFile), JSON.stringify(manifest));
  },
});

const metadata = z.looseObject({name: z.string()});
const configMap = z.looseObject({kind: z.literal('ConfigMap')});
const deployment = z.looseObject({
  kind: z.literal('Deployment'),
  metadata,
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({}),
      spec: z.looseObject({containers: z.array(z.looseObject({}))}),
    }),
  }),
});

interface DnsManifest {
  /** The objects without the program. */
  readonly yaml: string;
  readonly program: string;
  readonly image: string;
  readonly build: string;
}

/** A list of objects for `kubectl apply`. A new build changes the pods' template, which makes the Deployment replace them. */
export const dnsManifest = ({yaml, program: text, image, build}: DnsManifest): object => {
  const annotations = {[buildAnnotation]: build};
  const items = parseAllDocuments(yaml).map((document): unknown => {
    const object: unknown = document.toJS();
    if (configMap.safeParse(object).success) return {...configMap.parse(object), data: {[program]: text}};
    const found = deployment.safeParse(object);
    if (!found.success) return object;
    const {spec, ...rest} = found.data;
    const {template} = spec;
    const containers = template.spec.containers.map((container) => ({...container, image}));
    return {
      ...rest,
      metadata: {...rest.metadata, annotations},
      spec: {
        ...spec,
        template: {
          ...template,
          metadata: {...template.metadata, annotations},
          spec: {...template.spec, containers},
        },
      },
    };
  });
  return {apiVersion: 'v1', kind: 'List', items};
};
