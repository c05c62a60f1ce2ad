/** Network configurations that take precedence over the runtime's own, since their names sort before its name. */

import {shell, worker} from './cluster.ts';

const directory = '/etc/kni/net.d';
export const overriding = `${directory}/05-other.conflist`;

/** A network with its own bridge and with addresses from `range`. */
export const networkOf = (name: string, range: object): string =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name,
    plugins: [
      {
        type: 'bridge',
        bridge: name,
        isGateway: true,
        ipam: {type: 'host-local', dataDir: '/var/lib/kni/ipam', ranges: [[range]]},
      },
    ],
  });

/** Replaces the configuration atomically. */
export const replace = (text: string): Promise<string> =>
  shell(
    worker,
    `cat >${overriding}.new <<'END'\n${text}\nEND
     mv ${overriding}.new ${overriding}`,
  );

export const withdraw = (): Promise<string> => shell(worker, `rm -f ${overriding}`);

/** Removes the directory with its files and creates it again, unless the node has repaired it first. */
export const recreateDirectory = (text: string): Promise<string> =>
  shell(
    worker,
    `rm -r ${directory} && sleep 1 && mkdir -p ${directory} && cat >${overriding} <<'END'\n${text}\nEND`,
  );
