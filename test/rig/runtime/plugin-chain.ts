/** A network of three plugins. */

import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {attachmentOf} from './invocations.ts';
import {conflistOf, installPlugins, type Plugins} from './plugins.ts';

export const types = ['first', 'second', 'third'];

/** With `early`, the process of each plugin starts while the plugin before it works. */
export const pluginChain = async (fields: object = {}, timeoutMs = 60_000, {early = false} = {}) => {
  const plugins = await installPlugins(types);
  const exec = createExec();
  const earlyTypes = new Set(early ? types : []);
  const {startEarly} = exec;
  const invoke = createInvokePlugin({exec, startEarly, earlyTypes, binDirs: [plugins.binDir], timeoutMs});
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
