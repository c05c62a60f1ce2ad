/** Connects to a TCP server in a pod. */

import {setTimeout as sleep} from 'node:timers/promises';
import {messageOf} from '../thrown.ts';
import {inNetns} from '../tools/namespaces.ts';
import type {OwnNode} from './own-node.ts';

export interface Traffic {
  /** The netns that connects; undefined is the node's own. */
  readonly from: string | undefined;
  /** The netns that listens. */
  readonly to: string;
  /** An address of the netns that listens. */
  readonly ip: string;
}

const port = 7070;
/** Accepts one connection, and ends after 20 s without one. */
const server = `require('node:net').createServer((peer) => peer.end('ok', () => process.exit())).listen(${port}); setTimeout(() => process.exit(), 20000)`;
const client = (ip: string) =>
  `require('node:net').connect({host: ${JSON.stringify(ip)}, port: ${port}, timeout: 2000}).on('timeout', () => { console.error('no answer'); process.exit(1) }).on('error', (error) => { console.error(error.code); process.exit(1) }).on('data', () => process.exit(0))`;

export const canConnect = async (
  node: OwnNode,
  {from, to, ip}: Traffic,
): Promise<{readonly isConnected: boolean; readonly problem: string}> => {
  const served = node.runIn(to, [process.execPath, ['-e', server]]).catch(() => undefined);
  let problem = '';
  // A bridge forwards the first frames only after a moment, and the server needs a moment to listen.
  for (let tries = 0; tries < 12; tries++) {
    const connect = [process.execPath, ['-e', client(ip)]] as const;
    try {
      await node.run(from === undefined ? connect : inNetns(from, connect));
      await served;
      return {isConnected: true, problem};
    } catch (error) {
      problem = messageOf(error);
      await sleep(200);
    }
  }
  return {isConnected: false, problem: `no connection: ${problem}`};
};
