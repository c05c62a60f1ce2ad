import {mkdir, readFile} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {startNode} from '../rig/node/node.ts';
import {launchRuntime, paths} from '../rig/node/runtime.ts';
import {end} from '../rig/processes.ts';
import {until} from '../rig/wait.ts';

/** What systemd does with the socket: it takes one message after the other. */
const listener = `
  use Socket;
  socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind($socket, sockaddr_un("/run/notify")) or die $!;
  open(my $file, ">", "/run/told") or die $!;
  $file->autoflush(1);
  while (defined(recv($socket, my $message, 4096, 0))) { print $file "$message\\n" }
`;

it('notifies the watchdog during its start', async () => {
  await using node = await startNode();
  node.start(['perl', '-MIO::Handle', '-e', listener]);
  const told = () => readFile(node.path('/run/told'), 'utf8').catch(() => '');
  await until('systemd listens', async () => (await node.run(['ls', '/run'])).includes('told'));

  // Reading a FIFO without a writer blocks: the start takes as long as on a very slow machine.
  await mkdir(node.path(paths.state), {recursive: true});
  await node.run(['mkfifo', `${paths.state}/nodes.json`]);
  const env = {NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '3000000'};
  const {child, log} = launchRuntime(node, [], {env});
  await until('the watchdog is told twice', async () => (await told()).split('WATCHDOG=1').length > 2);
  expect(log.filter(({msg}) => msg === 'serving KNI' || msg.includes('watchdog'))).toEqual([]);
  await end(child, 'SIGKILL');
});
