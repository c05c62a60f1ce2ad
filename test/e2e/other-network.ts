/** Network configurations that take precedence over the runtime's own, since their names sort before it. */

import {shell, worker} from './rig.ts';

const directory = '/etc/kni/net.d';
export const overriding = `${directory}/05-other.conflist`;

/** With a bridge of its own, which takes its addresses from `range`. */
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

/** As one should: whoever reads sees all of it or nothing. */
export const replace = (text: string): Promise<string> =>
  shell(
    worker,
    `cat >${overriding}.new <<'END'\n${text}\nEND
     mv ${overriding}.new ${overriding}`,
  );

export const withdraw = (): Promise<string> => shell(worker, `rm -f ${overriding}`);

/** Takes the directory away with all that is in it, and makes it anew, unless a repair of the node was there first. */
export const recreateDirectory = (text: string): Promise<string> =>
  shell(
    worker,
    `rm -r ${directory} && sleep 1 && mkdir -p ${directory} && cat >${overriding} <<'END'\n${text}\nEND`,
  );
