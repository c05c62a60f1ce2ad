import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {project} from '../../../src/project.ts';
import {dnsManifest, sharedFiles} from '../../../src/stages/build/dns.ts';

interface Deployment {
  kind: string;
  metadata: {annotations?: Record<string, string>};
  spec: {
    template: {
      metadata: {annotations: object; labels: object};
      spec: {containers: {image: string; ports: object[]}[]};
    };
  };
}

describe('the bundle of the DNS server', () => {
  it('contains only files that its fingerprint contains', async () => {
    const options = JSON.parse(await readFile(join(project.dns, 'bundle.json'), 'utf8')) as object;
    const {metafile} = await build({
      ...options,
      absWorkingDir: project.root,
      write: false,
      metafile: true,
      outfile: 'kni-dns.cjs',
    });
    const files = Object.keys(metafile.inputs).filter(
      (file) => !file.startsWith('dns/') && !file.startsWith('node_modules/'),
    );
    expect(files.sort()).toEqual(sharedFiles.map((file) => `runtime/${file}`).sort());
  });
});

describe('the manifest of the DNS server', () => {
  it('has the program, the image and the build', async () => {
    const yaml = await readFile(join(project.manifests, 'cluster/dns.yaml'), 'utf8');
    const {items} = dnsManifest({yaml, program: 'answer();', image: 'nodejs:1', build: 'b1'}) as {
      items: readonly {kind: string}[];
    };
    expect(items.map(({kind}) => kind)).toEqual([
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'ConfigMap',
      'Deployment',
    ]);
    expect(items[3]).toMatchObject({data: {'kni-dns.cjs': 'answer();'}});
    const {metadata, spec} = items[4] as Deployment;
    expect(metadata.annotations).toEqual({'kni-demo.dev/build': 'b1'});
    const {template} = spec;
    // Without another template, the Deployment would keep the pods of the build before.
    expect(template.metadata).toMatchObject({
      annotations: {'kni-demo.dev/build': 'b1'},
      labels: {'k8s-app': 'kube-dns'},
    });
    expect(template.spec.containers).toMatchObject([{image: 'nodejs:1', ports: [{name: 'dns'}, {}, {}]}]);
  });
});
