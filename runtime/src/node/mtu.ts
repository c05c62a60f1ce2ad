/** Finds the MTU of the interface with the node's address. */
import {readFile} from 'node:fs/promises';
import {networkInterfaces} from 'node:os';

/** Undefined if no interface has the address; then the kernel's default applies. */
export const mtuOf = async (ip: string): Promise<number | undefined> => {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({address}) => address === ip),
  );
  if (!found) return undefined;
  const name = found[0].replace(/:.*/, ''); // the key may be an address label: `eth0:1`
  const text = await readFile(`/sys/class/net/${name}/mtu`, 'utf8').catch(() => '');
  return Number(text) || undefined;
};
