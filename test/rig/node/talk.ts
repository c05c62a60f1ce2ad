/** Lets pods and others talk to each other over TCP. */
import type {ChildProcess} from 'node:child_process';
import {until} from '../wait.ts';
import type {TestNode} from './node.ts';

/** Answers every connection with the address that it seems to come from. */
const server = (port: number) => `
  require('node:net').createServer((peer) => peer.end(peer.remoteAddress.replace('::ffff:', '')))
    .listen(${port}, () => console.log('listening'))`;
const client = (ip: string, port: number) => `
  require('node:net').connect({host: '${ip}', port: ${port}, timeout: 5000})
    .on('timeout', () => process.exit(3)).on('error', (error) => { console.error(error.code); process.exit(2) })
    .pipe(process.stdout)`;

/** `netns` undefined is the node itself. */
export const listenOn = async (
  node: TestNode,
  netns: string | undefined,
  port: number,
): Promise<ChildProcess> => {
  const child = node.start([...entering(netns), process.execPath, '-e', server(port)]);
  let listening = false;
  child.stdout?.on('data', () => {
    listening = true;
  });
  await until('it listens', () => listening);
  return child;
};

/** Returns the address that the other side has seen. */
export const talkTo = (
  node: TestNode,
  netns: string | undefined,
  ip: string,
  port: number,
): Promise<string> => node.run([...entering(netns), process.execPath, '-e', client(ip, port)]);

const entering = (netns: string | undefined): string[] => (netns ? ['nsenter', `--net=${netns}`, '--'] : []);
