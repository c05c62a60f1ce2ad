import {chmod, copyFile, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {localHost} from '../../src/host/process.ts';
import {project} from '../../src/project.ts';
import {bundle} from '../rig/bundle.ts';
import {dirWithCluster, envOf, node, printed} from '../rig/demo.ts';
import type {TempDir} from '../rig/temp-dir.ts';

/** Prints the nodes of a cluster, and one line of each node's log; with --follow, prints it until it is killed. */
const docker = (nodes: readonly string[]): string => `#!/bin/sh
case $1 in
  ps) cat <<'END'
${nodes.join('\n')}
END
  ;;
  exec)
    while echo '{"level":"info","msg":"ready","time":"2026-11-24T02:00:01Z"}'; do
      case $* in *--follow*) sleep 0.01 ;; *) break ;; esac
    done
  ;;
esac
`;

/** Runs the program in another process, as `$kni_demo` in a line of bash. */
const program = async (dir: TempDir) => {
  await copyFile(join(project.root, 'package.json'), dir.join('package.json'));
  await mkdir(dir.join('bin'));
  const bin: TempDir = {...dir, join: (...names) => dir.join('bin', ...names)};
  const script = await bundle(fileURLToPath(new URL('fixtures/command.ts', import.meta.url)), bin);
  await writeFile(bin.join('docker'), docker(printed(node('test1-control-plane'), node('test1-worker'))));
  await chmod(bin.join('docker'), 0o755);
  const env = {
    ...envOf(dir),
    PATH: `${bin.join()}:${process.env['PATH']}`,
    kni_demo: `${process.execPath} ${script}`,
  };
  return (line: string) => localHost().run(['bash', ['-c', line]], {env, timeout: 50_000});
};

describe('output that cannot be written', () => {
  it.each(['--version', '--help', 'down --name other', 'logs -f'])(
    '%s >/dev/full fails, and says why',
    async (command) => {
      await using dir = await dirWithCluster();
      const bash = await program(dir);
      const {stdout, stderr} = await bash(`{ $kni_demo ${command} >/dev/full; } ; echo $?`);
      expect(stdout).toBe(`${exitCodes.failed}`);
      expect(stderr).toMatch(/^error: cannot write the output: ENOSPC: no space left on device, write$/);
    },
  );

  it('cancels a command whose terminal is closed, which may tell it twice', async () => {
    await using dir = await dirWithCluster();
    const bash = await program(dir);
    const {stdout} = await bash(`$kni_demo logs -f >"$XDG_STATE_HOME/log" & command=$!
      until grep -q ready "$XDG_STATE_HOME/log" 2>/dev/null; do sleep 0.1; done
      kill -HUP $command; kill -HUP $command; wait $command; echo $?`);
    expect(stdout).toBe(`${exitCodes.ok}`);
  });

  it('ends a command quietly when its reader goes away', async () => {
    await using dir = await dirWithCluster();
    const bash = await program(dir);
    const {stdout, stderr} = await bash('$kni_demo logs -f | head -n 1; echo "${PIPESTATUS[@]}"');
    expect(stdout).toMatch(/^02:00:01Z {2}test1-\S+ {2}ready\n141 0$/);
    expect(stderr).toBe('');
  });

  it('keeps the exit code if only standard error is lost', async () => {
    await using dir = await dirWithCluster();
    const bash = await program(dir);
    const {stdout} = await bash('$kni_demo nope 2>/dev/full; echo $?');
    expect(stdout).toBe(`${exitCodes.badInput}`);
  });
});
