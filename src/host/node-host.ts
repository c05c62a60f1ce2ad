/** A kind node as a host: commands run in its container. */

import type {Host} from './host.ts';

/**
 * `host` runs docker. Errors name the whole `docker exec …` command.
 * Cancelling ends only the docker client. The program in the node continues, so give it a timeout.
 */
export const nodeHost = (host: Host, nodeName: string): Host => ({
  run([file, args], {cwd, env = {}, ...options} = {}) {
    const flags = [
      ...(options.input === undefined && !options.holdInput ? [] : ['-i']),
      ...(cwd === undefined ? [] : ['-w', cwd]),
      ...Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
    ];
    return host.run(['docker', ['exec', ...flags, nodeName, file, ...args]], options);
  },
});
