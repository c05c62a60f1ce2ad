/** Asks the docker engine for its version, and tells an absent engine from an unusable one. */

import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import {joinRuns} from '../../host/join-runs.ts';
import {serverVersion} from '../../tools/docker.ts';

export type EngineAnswer =
  /** `26.1.5+dfsg1` */
  | {readonly kind: 'running'; readonly version: string}
  /** Nothing listens on the socket of this machine's engine. */
  | {readonly kind: 'absent'}
  /** An engine may be running. To start another one would not help. */
  | {readonly kind: 'refused'; readonly message: string; readonly advice: string};

export const askEngine = async (host: Host, signal: AbortSignal): Promise<EngineAnswer> => {
  try {
    const {stdout} = await joinRuns(host).run(serverVersion, {signal, timeout: 10_000});
    return {kind: 'running', version: stdout.trim()};
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return classify(error);
  }
};

const ownSocket = /unix:\/\/\/(var\/)?run\/docker\.sock/;

const classify = ({reason, output, lastLine}: CommandError): EngineAnswer => {
  if (reason.startsWith('timed out') && output === '')
    return refused(`does not answer: docker version ${reason}`, 'restart the docker engine');
  if (reason === 'not found' || output === '') return {kind: 'absent'};
  if (/permission denied/i.test(output)) {
    return refused(
      lastLine,
      'run it as root, or join the group docker and log in again: sudo usermod -aG docker "$USER"',
    );
  }
  if (ownSocket.test(output) && /connect/i.test(output)) return {kind: 'absent'};
  return refused(
    lastLine,
    'start the engine that docker is set to, or unset DOCKER_HOST: env -u DOCKER_HOST kni-demo up',
  );
};

const refused = (message: string, advice: string): EngineAnswer => ({kind: 'refused', message, advice});
