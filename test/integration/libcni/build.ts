/** Compiles our small program around libcni, the reference library, with Debian's Go. */
import {createHash} from 'node:crypto';
import {mkdir, readFile, rename} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {cache, exists, fetchPackage, namesIn} from '../../rig/node/tools.ts';
import {output} from '../../rig/processes.ts';

const source = fileURLToPath(new URL('main.go', import.meta.url));
const library = 'golang-github-appc-cni-dev';

/** Path of the program, which is compiled again if its source, the library or Go changes. */
export const buildLibcniRunner = async (): Promise<string> => {
  const go = await findGo();
  const goPath = join(await fetchPackage(library), 'usr/share/gocode');
  const digest = createHash('sha256')
    .update(await readFile(source))
    .update(await output(go, ['version']))
    .update((await namesIn(join(cache, library, 'debs'))).join())
    .digest('hex');
  const dir = join(cache, 'libcni');
  const program = join(dir, `run-${digest.slice(0, 16)}`);
  if (await exists(program)) return program;
  await mkdir(dir, {recursive: true});
  await output(go, ['build', '-o', `${program}.new`, source], {
    env: {
      PATH: process.env['PATH'],
      HOME: dir,
      GO111MODULE: 'off',
      GOPATH: goPath,
      GOCACHE: join(dir, 'go-build'),
      GOTOOLCHAIN: 'local',
      CGO_ENABLED: '0',
    },
  });
  await rename(`${program}.new`, program);
  return program;
};

/** One that is installed, or else the one that was unpacked, which finds its GOROOT from where it is itself. */
const findGo = async (): Promise<string> => {
  const installed = (process.env['PATH'] ?? '').split(':').map((dir) => join(dir, 'go'));
  for (const go of installed) if (await exists(go)) return go;
  const root = await fetchPackage('golang-go');
  for (const lib of [join(root, 'usr/lib'), '/usr/lib']) {
    for (const name of (await namesIn(lib)).filter((dir) => /^go-\d/.test(dir))) {
      const go = join(lib, name, 'bin/go');
      if (await exists(go)) return go;
    }
  }
  throw new Error(`There is no Go in ${root}.`);
};
