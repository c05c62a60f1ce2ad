/** A network of three plugins. */

import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {attachmentOf} from './invocations.ts';
import {conflistOf, installPlugins, type Plugins} from './plugins.ts';

export const types = ['first', 'second', 'third'];

export const pluginChain = async (fields: object = {}, timeoutMs = 60_000) => {
  const plugins = await installPlugins(types);
  const invoke = createInvokePlugin({exec: createExec(), binDirs: [plugins.binDir], timeoutMs});
  const config = JSON.stringify({...(JSON.parse(conflistOf(plugins, types)) as object), ...fields});
  return {
    plugins,
    invoke,
    list: parseConflist(config),
    attachment: attachmentOf(config),
    [Symbol.asyncDispose]: () => plugins[Symbol.asyncDispose](),
  };
};

export const callsOf = async (plugins: Plugins) => (await plugins.calls()).map(({call}) => call);
