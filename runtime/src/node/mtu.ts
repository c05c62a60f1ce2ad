/** Finds the MTU of the interface by which the node is reached. */
import {readFile} from 'node:fs/promises';
import {networkInterfaces} from 'node:os';

/** `undefined` when no interface has the address: the kernel's default will do. */
export const mtuOf = async (ip: string): Promise<number | undefined> => {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({address}) => address === ip),
  );
  if (!found) return undefined;
  const name = found[0].replace(/:.*/, ''); // an address may have a label instead: `eth0:1`
  const text = await readFile(`/sys/class/net/${name}/mtu`, 'utf8').catch(() => '');
  return Number(text) || undefined;
};
