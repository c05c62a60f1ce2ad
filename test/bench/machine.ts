/** The machine of the measurement, and what was measured on it. */
import {readdir} from 'node:fs/promises';
import {cpus, loadavg, release} from 'node:os';
import {join} from 'node:path';
import {output} from '../rig/processes.ts';

export interface Machine {
  /** `YYYY-MM-DD`, in UTC. */
  readonly date: string;
  /** Of this checkout. */
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  /** Version of the Node.js that runs our network runtime. */
  readonly node: string;
  readonly plugins: string;
  /** Load average of the last minute, when this was looked up. */
  readonly load: number;
}

export const machineOf = async (node: string, pluginDir: string): Promise<Machine> => ({
  date: new Date().toISOString().slice(0, 10),
  commit: (await output('git', ['describe', '--always', '--dirty']).catch(() => 'unknown')).trim(),
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  kernel: release(),
  node: (await output(node, ['--version'])).trim(),
  plugins: await pluginVersion(pluginDir),
  load: loadavg()[0] ?? 0,
});

/** Of the Debian package: Debian's plugins do not know their version. The package may be unpacked and not installed. */
const pluginVersion = async (pluginDir: string): Promise<string> => {
  const query = ['--show', '--showformat=${Version}', 'containernetworking-plugins'];
  const installed = await output('dpkg-query', query).catch(() => '');
  if (installed) return installed;
  const unpackedFrom = await readdir(join(pluginDir, '../../../debs')).catch(() => []);
  const versions = unpackedFrom.map((name) => /^containernetworking-plugins_([^_]+)_/.exec(name)?.[1]);
  return decodeURIComponent(versions.find((version) => version !== undefined) ?? 'unknown');
};
