/** Lets the node forward packets between pods and the rest of the world. */
import {readFile, writeFile} from 'node:fs/promises';

const ipForward = '/proc/sys/net/ipv4/ip_forward';

export const enableForwarding = async (): Promise<void> => {
  const current = await readFile(ipForward, 'utf8');
  if (current.trim() !== '1') await writeFile(ipForward, '1'); // /proc/sys may be read-only where it is on already
};
