/** Looks at the node's interfaces, and removes one. */

import {arrayOf, objectOf, stringOf} from '../json.ts';
import type {NodeLinks} from '../network/reconcile.ts';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';

/** As the bridge plugin names them (containernetworking/plugins, pkg/ip/link_linux.go, RandomVethName). */
const pluginVeth = /^veth[0-9a-f]{8}$/;

export const createNodeLinks = (exec: Exec): NodeLinks => ({
  vethsOn: async (bridge) => {
    const printed = await runTool(exec, 'ip', ['-json', 'link', 'show', 'type', 'veth']);
    const links = arrayOf(JSON.parse(printed || '[]')).map(objectOf);
    return links
      .filter(({master}) => master === bridge)
      .flatMap(({ifname}) => stringOf(ifname) ?? [])
      .filter((name) => pluginVeth.test(name));
  },
  remove: async (name) => {
    await runTool(exec, 'ip', ['link', 'delete', 'dev', name]);
  },
});
