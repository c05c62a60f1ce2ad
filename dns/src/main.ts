/** Entry point of the DNS server: flags, wiring, waiting. Only this module ends the process. */
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import {createLog, errorText, type Log, stdoutSink} from '../../runtime/src/log.ts';
import {followResource} from '../../runtime/src/node/follow-resource.ts';
import {createAnswerer} from './answer.ts';
import {readCredentials} from './credentials.ts';
import {createDirectory, type Directory} from './directory.ts';
import {type Options, optionsFrom, UsageError, usage} from './flags.ts';
import {serveHealth} from './health.ts';
import {endpointsResource, servicesResource} from './objects.ts';
import {listen} from './server.ts';
import {createUpstream, readResolvConf} from './upstream.ts';

/** Milliseconds that the last log lines may take at exit when the reader of stdout is slow. */
const flushMs = 2_000;

const main = async (args: readonly string[]): Promise<void> => {
  const options = optionsFrom(args);
  if (!options) {
    process.stdout.write(usage());
    return;
  }
  const output = stdoutSink();
  const log = createLog(output, {level: options.logLevel});
  const stopSignal = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  process.on('uncaughtException', (error) => {
    log.error('uncaught exception, exiting', {error: errorText(error), stack: error.stack});
    void output.flush(flushMs).then(() => process.exit(1));
  });
  try {
    await serve(options, log, stopSignal);
  } catch (error) {
    log.error('the DNS server failed, exiting', {error: errorText(error)});
    process.exitCode = 1;
  } finally {
    await output.flush(flushMs);
  }
};

/** Resolves after the signal, when this server's pod gets no more queries. */
const serve = async (options: Options, log: Log, stopSignal: Promise<unknown>): Promise<void> => {
  const {zone: name, service: dnsService, stopDelayMs} = options;
  const stop = new AbortController();
  const directory = createDirectory();
  const resolvers = await readResolvConf(options.resolvConf);
  const isOwn = (address: string): boolean =>
    directory.service(dnsService.namespace, dnsService.name)?.clusterIps.includes(address) ?? false;
  const upstream = createUpstream(resolvers, log, isOwn);
  const answer = createAnswerer({zone: {name, directory, dnsService}, upstream, log});
  const server = await listen(options.listen, answer, log);
  const health = await serveHealth(options.health, () => directory.isSynced() && !stop.signal.aborted);
  follow(directory, options, log, stop.signal);
  log.info('listening', {
    port: server.port,
    health: health.port,
    zone: name,
    resolvers: resolvers.map(({address}) => address),
  });
  await stopSignal;
  // kube-proxy needs a moment to learn that this pod is not ready.
  log.info('stopping');
  stop.abort();
  await delay(stopDelayMs);
  server.close();
  health.close();
  log.info('stopped');
};

const follow = (directory: Directory, {serviceAccount}: Options, log: Log, signal: AbortSignal): void => {
  const onItems =
    <Item>(replace: (items: readonly Item[]) => void) =>
    async (items: readonly Item[]): Promise<void> => {
      const wasSynced = directory.isSynced();
      replace(items);
      if (!wasSynced && directory.isSynced()) log.info('synced with the API server');
    };
  const followed = {
    log,
    signal,
    readCluster: () => readCredentials(serviceAccount),
    // Until the first list is read, queries fail.
    isUrgent: () => !directory.isSynced(),
  };
  followResource({
    ...followed,
    what: 'the Services',
    resource: servicesResource,
    onItems: onItems(directory.replaceServices),
  });
  followResource({
    ...followed,
    what: 'the Endpoints',
    resource: endpointsResource,
    onItems: onItems(directory.replaceEndpoints),
  });
};

main(process.argv.slice(2))
  .catch((error: unknown) => {
    process.stderr.write(`kni-dns: ${errorText(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  })
  // Pending timers and sockets must not keep a stopped server alive.
  .finally(() => process.exit());
