/** Waits on a node until kni.service serves KNI with a ready network, or says why it does not. */

import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {kniServiceLog} from '../tools/journalctl.ts';
import {networksReady} from './networks-ready.ts';

/** Seconds for a runtime to become ready after its start. */
const atMost = 15;
/** Seconds for one answer. */
const answerTime = 4;

/**
 * A shell function, because the wait is part of scripts that must go on when this process is killed. Its argument is how often the
 * program may exit and be restarted. Fails with two parts of output: a line with facts about the service, and the last answer.
 * `kni-runtime` asks only when curl found no ready network, or the node's curl cannot ask: the start of Node.js is slow.
 */
export const awaitReady = `${networksReady}
await_ready() {
  end=$(($(date +%s) + ${atMost})) answer= exited=
  while :; do
    asked=0
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
      if [ -S /run/kni/kni.sock ]; then
        networks_ready && return 0
        asked=$((asked + 1)); [ "$asked" -lt 3 ] || break
      fi
      sleep 0.03
    done
    if [ "$asked" -gt 0 ]; then
      answer=$(NODE_COMPILE_CACHE=/var/cache/kni timeout ${answerTime} kni-runtime networks 2>&1) || [ $? != 124 ] || answer='no answer'
      case $answer in
        *'"ready": false'*) ;;
        *'"ready": true'*) return 0 ;;
      esac
    fi
    facts=$(systemctl show kni --property=NRestarts,ExecMainStatus,SubState | tr '\\n' ' ')
    case $facts in *SubState=auto-restart*) exited=$facts ;; esac
    restarts=\${facts#*NRestarts=}; [ "\${restarts%% *}" -le "$1" ] || break
    [ "$(date +%s)" -lt "$end" ] || break
  done
  printf '%s exited: %s\\n%s\\n' "$facts" "$exited" "$answer"
  return 1
}
`;

/** Throws UserError that says why the runtime is not ready, with the last lines of its log. */
export const waitForRuntime = async (
  host: Host,
  {node, source, since, signal}: Omit<Failed, 'host'> & {readonly signal: AbortSignal},
): Promise<void> => {
  try {
    await host.run(['sh', ['-c', `${awaitReady}await_ready 1`]], {signal, timeout: (atMost + 15) * 1_000});
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted || error.exitStatus !== 1) throw error;
    throw await notReady(error.output, {host, node, source, since}, error);
  }
};

interface Failed {
  readonly host: Host;
  readonly node: string;
  readonly source: string;
  /** Milliseconds since the epoch. Earlier lines of the log are of other runtimes. */
  readonly since: number;
}

/** `output` is that of `awaitReady`. */
export const notReady = async (
  output: string,
  {host, node, source, since}: Failed,
  cause: CommandError,
): Promise<UserError> =>
  new UserError(
    {
      what: `network runtime ${source} does not work on ${node}`,
      why: [reasonOf(output), ...(await lastLog(host, since))].join('\n'),
      tryThis: 'correct it and run the same command again',
      code: 'KNI-E117',
    },
    {cause},
  );

const reasonOf = (output: string): string => {
  const [facts = '', ...answer] = output.split('\n');
  const text = answer.join('\n').trim();
  if (/NRestarts=[1-9]/.test(facts)) {
    const status = /exited: .*ExecMainStatus=(\d+)/.exec(facts)?.[1];
    return status === '203'
      ? 'the node cannot execute it: it is for another architecture, or needs another interpreter'
      : `it exits after its start${status === undefined ? '' : `, with status ${status}`}`;
  }
  if (text === '')
    return `it runs, but has not created the socket /run/kni/kni.sock (KNI_SOCKET) within ${atMost} s`;
  if (text === 'no answer') return `QueryNodeNetworks is not answered within ${answerTime} s`;
  if (text.includes('no server is listening'))
    return 'it runs, but does not listen on /run/kni/kni.sock (KNI_SOCKET)';
  const refused = /^kni-runtime: ([A-Z_]+): (.*)$/m.exec(text);
  if (refused?.[1] === 'UNIMPLEMENTED') return 'it does not implement QueryNodeNetworks';
  if (refused) return `QueryNodeNetworks fails with ${refused[1]}: ${refused[2]}`;
  if (!text.startsWith('{')) return `QueryNodeNetworks is not answered as KNI requires: ${text}`;
  return `QueryNodeNetworks reports no ready network: ${text.replaceAll(/\s+/g, ' ')}`;
};

const logLines = 12;

/** The last lines that the runtime has written, indented. */
export const lastLog = async (host: Host, since: number): Promise<readonly string[]> => {
  const options = {signal: AbortSignal.timeout(10_000)};
  const {stdout} = await host
    .run(kniServiceLog({since, lines: logLines}), options)
    .catch(() => ({stdout: ''}));
  const lines = stdout.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('-- '));
  return lines.length === 0 ? ['it has logged nothing'] : lines.map((line) => `  | ${line}`);
};
