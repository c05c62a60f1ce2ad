/** A network of the real plugins with one at the end that acts by plan. */
import {mkdir, writeFile} from 'node:fs/promises';
import {conflistOfNode} from '../../../runtime/src/node/conflist-of-node.ts';
import {installPlugins, type Plugins} from '../runtime/plugins.ts';
import type {TestNode} from './node.ts';
import {paths, podCidr} from './runtime.ts';

export interface Chain extends Plugins {
  /** For the network runtime, so that it finds the plugin. */
  readonly flags: (pluginDir: string) => string[];
}

export const installChain = async (node: TestNode): Promise<Chain> => {
  const plugins = await installPlugins(['fault']);
  const list = JSON.parse(
    conflistOfNode({podCidrs: [podCidr], ipamDir: `${paths.state}/ipam`, mtu: undefined}),
  ) as {
    plugins: object[];
  };
  const chained = {...list, plugins: [...list.plugins, {type: 'fault', rig: plugins.dir}]};
  await mkdir(node.path(paths.conf), {recursive: true});
  await writeFile(node.path(`${paths.conf}/05-chain.conflist`), JSON.stringify(chained));
  return {...plugins, flags: (pluginDir) => [`--cni-bin-dir=${pluginDir}:${plugins.binDir}`]};
};
