/** Enables packet forwarding on the node. */
import {access, readdir, readFile, writeFile} from 'node:fs/promises';
import type {Family} from './ip-address.ts';

const ipv6 = '/proc/sys/net/ipv6';

/** Whether the kernel has IPv6, which a boot option can disable. */
export const hasIPv6 = (): Promise<boolean> =>
  access(ipv6).then(
    () => true,
    () => false,
  );

export const enableForwarding = async (family: Family): Promise<void> => {
  if (family === 4) return await switchOn('/proc/sys/net/ipv4/ip_forward');
  const all = `${ipv6}/conf/all/forwarding`;
  if (!(await isSetTo(all, '1'))) await keepAdvertisedRoutes();
  await switchOn(all);
};

/** accept_ra=2 keeps default routes from router advertisements, which a forwarding node would otherwise drop. */
const keepAdvertisedRoutes = async (): Promise<void> => {
  for (const name of await readdir(`${ipv6}/conf`)) {
    const accept = `${ipv6}/conf/${name}/accept_ra`;
    if (name !== 'all' && name !== 'default' && (await isSetTo(accept, '1'))) await writeFile(accept, '2');
  }
};

/** Writes only if needed: /proc/sys may be read-only. */
export const setTo = async (path: string, value: string): Promise<void> => {
  if (!(await isSetTo(path, value))) await writeFile(path, value);
};

const switchOn = (path: string) => setTo(path, '1');

const isSetTo = async (path: string, value: string): Promise<boolean> =>
  (await readFile(path, 'utf8')).trim() === value;
