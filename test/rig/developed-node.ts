/** A node in a directory, for the scripts that replace versions of a runtime. */

import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import type {TempDir} from './temp-dir.ts';

/**
 * The script runs here. A `systemctl restart` writes down which version it has started; a version is ready unless it contains the
 * word `bad`, which exits.
 */
export const nodeIn = async (dir: TempDir, bad = 'bad') => {
  const file = dir.join('opt/dev/runtime.mjs');
  await mkdir(dir.join('bin'));
  await mkdir(dir.join('opt/dev'), {recursive: true});
  await writeFile(file, 'first');
  await writeFile(dir.join('started'), '');
  await mkdir(dir.join('drop-ins'));
  await writeFile(dir.join('drop-ins/50-user-runtime.conf'), '# {"source": "/root/hello", "id": "dev"}\n');
  const programs = {
    systemctl: `case $1 in
restart) cat ${file} >>${dir.join('started')}; echo >>${dir.join('started')} ;;
*) if grep -q ${bad} ${file}; then echo NRestarts=1 ExecMainStatus=1 SubState=auto-restart; else echo NRestarts=0 SubState=running; fi ;;
esac`,
    'kni-runtime': `grep -q ${bad} ${file} || echo '{"networks": [{"name": "a", "ready": true}]}'`,
    journalctl: 'echo "last words"',
    ss: `echo 'u_str 0 0 /run/kni/kni.sock 1 * 2'; echo 'u_str 0 0 * 2 * 1 users:(("kubelet",pid=1,fd=3))'`,
  };
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(dir.join('bin', name), `#!/bin/sh\n${script}\n`);
    await chmod(dir.join('bin', name), 0o755);
  }
  const local = localHost();
  const host: Host = {
    run: ([program, args], options) =>
      local.run(
        [
          program,
          args.map((each) =>
            each
              .replaceAll('/opt/kni/user-runtime', dir.join('opt'))
              .replaceAll('/etc/systemd/system/kni.service.d', dir.join('drop-ins'))
              .replace('-S /run/kni/kni.sock', '-e /'),
          ),
        ],
        {...options, env: {PATH: `${dir.join('bin')}:${process.env['PATH']}`}},
      ),
  };
  return {
    host,
    text: () => readFile(file, 'utf8'),
    started: async () => (await readFile(dir.join('started'), 'utf8')).trim().split('\n'),
  };
};
