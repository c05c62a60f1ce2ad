/** Asks for the docker engine, and tells one that is not there from one that cannot be used. */

import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import {serverVersion} from '../../tools/docker.ts';

export type EngineAnswer =
  /** `26.1.5+dfsg1` */
  | {readonly is: 'running'; readonly version: string}
  /** Nobody listens where an engine of this machine would. */
  | {readonly is: 'absent'}
  /** There may be one, and starting another would not help. */
  | {readonly is: 'refused'; readonly says: string; readonly advice: string};

export const askEngine = async (host: Host, signal: AbortSignal): Promise<EngineAnswer> => {
  try {
    const {stdout} = await host.run(serverVersion, {signal, timeout: 10_000});
    return {is: 'running', version: stdout.trim()};
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return answerOf(error);
  }
};

const ownSocket = /unix:\/\/\/(var\/)?run\/docker\.sock/;

const answerOf = ({reason, output, lastLine: says}: CommandError): EngineAnswer => {
  if (reason === 'not found' || output === '') {
    return reason.startsWith('timed out')
      ? {
          is: 'refused',
          says: `does not answer: docker version ${reason}`,
          advice: 'restart the docker engine',
        }
      : {is: 'absent'};
  }
  if (/permission denied/i.test(output)) {
    const advice =
      'run it as root, or join the group docker and log in again: sudo usermod -aG docker "$USER"';
    return {is: 'refused', says, advice};
  }
  if (ownSocket.test(output) && /connect/i.test(output)) return {is: 'absent'};
  const advice =
    'start the engine that docker is set to, or unset DOCKER_HOST: env -u DOCKER_HOST kni-demo up';
  return {is: 'refused', says, advice};
};
