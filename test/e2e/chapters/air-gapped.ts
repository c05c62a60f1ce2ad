/** The demo carried to a machine without any network, which a network namespace of its own stands for. */

import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {project} from '../../../src/project.ts';
import {host, kniDemo} from '../rig.ts';

/** An engine of its own, caches of its own, and nothing but a loopback interface. */
const story = `
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

export const airGapped = (): void => {
  describe('a machine without a network', () => {
    it('gets all it needs from a bundle', async () => {
      const dir = await mkdtemp(join(tmpdir(), 'kni-air-'));
      try {
        const file = join(dir, 'demo.tar');
        expect(await kniDemo('bundle', 'save', file, '--quiet')).toMatchObject({exitCode: exitCodes.ok});
        const env = {
          XDG_CACHE_HOME: join(dir, 'cache'),
          XDG_STATE_HOME: join(dir, 'state'),
          // Without what kni-demo has brought to this machine: the bundle has to do.
          PATH: process.env['PATH'] ?? '',
        };
        const {stdout} = await host.run(['unshare', ['--net', '--mount', 'sh', '-euxc', story, 'sh', file]], {
          cwd: project.root,
          env,
          timeout: 600_000,
          onLine: (line) => process.stderr.write(`${line}\n`),
        });
        expect(
          stdout.split('the kubelet called CreateNetwork, AttachInterface, QueryPodNetwork'),
        ).toHaveLength(3);
        // Whatever could be taken from a cache was taken: nothing was built, or downloaded.
        expect(stdout).not.toMatch(/^\[(?:init|build)\/.*\] started$/m);
        expect(stdout).toMatch(/^Cluster air is up\./m);
      } finally {
        await rm(dir, {recursive: true});
      }
    });
  });
};
