/** A docker engine with a cluster, whose state a test changes while a dashboard looks at it. */

import {CommandError} from '../../../src/host/command-error.ts';
import type {Command, Host} from '../../../src/host/host.ts';
import {node, printed} from '../demo.ts';

export const both = [node('test1-control-plane'), node('test1-worker')];

const apiOf = (ready: boolean) =>
  JSON.stringify({
    items: both.map(({name}) => ({
      kind: 'Node',
      metadata: {name},
      status: {conditions: [{type: 'Ready', status: ready ? 'True' : 'False', message: 'no answer'}]},
    })),
  });

const failure = (command: Command, output: string) =>
  new CommandError(command, {reason: 'exit code 1', output, exitStatus: 1});

/** A docker engine whose cluster changes as the test says. Programs that follow something run until they are cancelled. */
export const engine = () => {
  const state = {nodes: both, ready: true, api: true, docker: true, complaint: 'connection refused'};
  const ran: string[] = [];
  const followed: {readonly line: string; readonly onLine: (text: string) => void}[] = [];
  const host: Host = {
    async run(command, {signal, onLine = () => undefined} = {}) {
      const [file, args] = command;
      const line = [file, ...args].join(' ');
      ran.push(line);
      if (!state.docker) throw failure(command, 'Cannot connect to the Docker daemon');
      if (args[0] === 'ps') return {stdout: printed(...state.nodes).join('\n'), stderr: ''};
      if (line.includes('get nodes,pods')) {
        if (!state.api) throw failure(command, state.complaint);
        return {stdout: apiOf(state.ready), stderr: ''};
      }
      if (/--follow|--watch/.test(line)) {
        const entry = {line, onLine};
        followed.push(entry);
        onLine('');
        await new Promise((resolve) => signal?.addEventListener('abort', resolve, {once: true}));
        followed.splice(followed.indexOf(entry), 1);
        throw new CommandError(command, {reason: 'cancelled'});
      }
      return {stdout: '', stderr: ''};
    },
  };
  return {host, state, ran, followed};
};

export type Engine = ReturnType<typeof engine>;
