/** A kind node is a host too: its commands run in its container. */

import type {Host} from './host.ts';

/**
 * `host` is where docker is. Errors name the whole `docker exec …` command.
 * Cancelling ends the docker client only: what runs in the node is not told, so give it a limit of its own.
 */
export const nodeHost = (host: Host, nodeName: string): Host => ({
  run([file, args], {cwd, env = {}, ...options} = {}) {
    const flags = [
      ...(options.input === undefined ? [] : ['-i']),
      ...(cwd === undefined ? [] : ['-w', cwd]),
      ...Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
    ];
    return host.run(['docker', ['exec', ...flags, nodeName, file, ...args]], options);
  },
});
