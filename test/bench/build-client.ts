/** Builds the Go client in the image in which `kni-demo up` builds the kubelet. */
import {access} from 'node:fs/promises';
import {join} from 'node:path';
import {containerdBuilderImage} from '../../src/stages/build/containerd-builder-image.ts';
import {treeIdOf} from '../../src/stages/init/tree.ts';
import {builder} from '../rig/cluster/builder.ts';

/** `sources` is the directory of the Go files. Returns the path of the program, which is below `out`. */
export const buildClient = async (sources: string, out: string, signal: AbortSignal): Promise<string> => {
  const {artifact, goCache, image, hasImage, run} = await builder(signal);
  const tree = artifact(treeIdOf('kubernetes'));
  const isBuilt = await Promise.all([hasImage(containerdBuilderImage.id), access(tree)]).then(
    ([hasBuilder]) => hasBuilder,
    () => false,
  );
  if (!isBuilt)
    throw new Error(
      'cannot build the Go client: the builder image or the source of the kubelet is missing; run `npx kni-demo up` first',
    );
  await run('bench-client', {
    image: image(containerdBuilderImage.id),
    script: ['build-bench-client.sh'],
    mounts: [
      {from: tree, to: '/go/src/k8s.io/kubernetes', readOnly: true},
      {from: sources, to: '/client', readOnly: true},
      goCache(),
    ],
    out,
  });
  return join(out, 'client');
};
