/** Records a real run of the dashboard: a pod comes and goes, an ADD fails, and a network runtime stops and starts. */

import {readFile, rm} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ActionRequest, ActionResponse, FeedMessage, NodeSnapshot} from '../../src/dashboard/feed.ts';
import {CommandError} from '../../src/host/command-error.ts';
import type {Host} from '../../src/host/host.ts';

/** Milliseconds between two steps, so that people can follow. */
const pause = 3_000;

/** Milliseconds. A drill takes minutes on a busy machine. */
const longestAction = 15 * 60_000;

/** Rejects when an action fails, or takes longer than 15 minutes. The cluster needs one worker and no pod `hello`. */
export const recordDashboard = async (host: Host, cluster: string, file: string): Promise<void> => {
  await rm(file, {force: true});
  const ending = new AbortController();
  const flags = ['--name', cluster, '--record', file, '--since', '0s', '--no-open', '--json'];
  const printed: string[] = [];
  const onLine = (line: string): void => void printed.push(line);
  const command = ['node', ['bin/kni-demo.js', 'dashboard', ...flags]] as const;
  const running = host.run(command, {signal: ending.signal, onLine, grace: 60_000});
  while (printed.length === 0) await Promise.race([sleep(100), running]);
  const served = /"url":"([^"]+)"/.exec(printed.join('\n'))?.[1] ?? '';
  const act = async (request: ActionRequest): Promise<void> => {
    process.stderr.write(`${JSON.stringify(request)}\n`);
    const headers = {origin: new URL(served).origin, 'content-type': 'application/json'};
    const asked = {method: 'POST', headers, body: JSON.stringify(request)};
    const signal = AbortSignal.timeout(longestAction);
    const text = await fetch(`${served}actions`, {...asked, signal})
      .then((response) => response.text())
      .catch((cause: unknown): never => {
        const why = signal.aborted ? 'did not end within 15 minutes' : 'failed';
        throw new Error(`${request.action} ${why}`, {cause});
      });
    const {ok, output}: ActionResponse = JSON.parse(text);
    if (!ok) throw new Error(`${request.action} failed: ${output}`);
    await sleep(pause);
  };
  const node = `${cluster}-worker`;
  try {
    await until(file, (worker) => worker !== undefined, node);
    await sleep(pause);
    await act({action: 'create-pod', name: 'hello', node});
    await act({action: 'drill', name: 'failed-add'});
    await act({action: 'stop-runtime', node});
    await until(file, (worker) => worker?.ready === false, node);
    await sleep(pause);
    await act({action: 'start-runtime', node});
    await until(file, (worker) => worker?.ready === true, node);
    await act({action: 'delete-pod', pod: 'default/hello'});
  } finally {
    ending.abort();
    await running.catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error;
    });
  }
};

/** Waits until the latest recorded state of the node fits. */
const until = async (
  file: string,
  fits: (node: NodeSnapshot | undefined) => boolean,
  name: string,
): Promise<void> => {
  const deadline = AbortSignal.timeout(180_000);
  for (;;) {
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    const messages = lines.map((line): FeedMessage => JSON.parse(line));
    const last = messages.findLast((message) => message.type === 'snapshot');
    if (fits(last?.nodes.find((node) => node.name === name))) return;
    await sleep(500, undefined, {signal: deadline});
  }
};
