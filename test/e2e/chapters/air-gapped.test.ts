/**
 * `bundle load` and `up` on a machine without a network. A network namespace stands for the machine. Needs the images of the
 * stack, and starts another docker engine and cluster with their own caches.
 */

import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {project} from '../../../src/project.ts';
import {host} from '../../rig/cluster/cluster.ts';
import {useImages} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';

/** The commands on the machine, which has only a loopback interface. */
const script = `
mount -t tmpfs none /run
ip link set lo up
test -z "$(ip route)"
kni_demo() { node bin/kni-demo.js "$@"; }
trap 'kni_demo down --purge --yes' EXIT
kni_demo bundle load "$1" --yes --quiet
kni_demo up --yes --quiet --name air
PATH="$PATH:$XDG_CACHE_HOME/kni-demo/tools/engine/usr/bin" docker stop --time 5 air-worker air-control-plane
kni_demo up --quiet --name air
`;

useImages();

describe('a machine without a network', () => {
  it('gets everything it needs from a bundle', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'kni-air-'));
    try {
      const file = join(dir, 'demo.tar');
      expect(await kniDemo('bundle', 'save', file, '--quiet')).toMatchObject({exitCode: exitCodes.ok});
      const env = {
        XDG_CACHE_HOME: join(dir, 'cache'),
        XDG_STATE_HOME: join(dir, 'state'),
        // Without the tools that kni-demo has installed here: the bundle has to contain them.
        PATH: process.env['PATH'] ?? '',
      };
      const {stdout} = await host.run(['unshare', ['--net', '--mount', 'sh', '-euxc', script, 'sh', file]], {
        cwd: project.root,
        env,
        timeout: 600_000,
        onLine: (line) => process.stderr.write(`${line}\n`),
      });
      expect(stdout.split('CreateNetwork, AttachInterface, QueryPodNetwork')).toHaveLength(3);
      // The image and the program of the DNS server are in the bundle, too.
      expect(stdout.split('Service reached by name')).toHaveLength(3);
      // Everything came from the cache: nothing was built or downloaded.
      expect(stdout).not.toMatch(/^\[(?:init|build)\/.*\] started$/m);
      expect(stdout).toMatch(/^Cluster air is up\./m);
    } finally {
      await rm(dir, {recursive: true});
    }
  });
});
