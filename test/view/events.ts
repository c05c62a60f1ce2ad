/** Events of small runs. */

import {UserError} from '../../src/errors.ts';
import type {RunEvent} from '../../src/graph/events.ts';
import {CommandError} from '../../src/host/command-error.ts';

export const planned: RunEvent = {
  kind: 'planned',
  tasks: [
    {id: 'host/engine', title: 'Reach the docker engine'},
    {id: 'init/kubernetes', title: 'Fetch kubernetes'},
    {id: 'build/kubelet', title: 'Build the kubelet'},
    {id: 'build/containerd', title: 'Build containerd'},
    {id: 'setup/cluster', title: 'Create the cluster'},
  ],
};

export const started = (task: string): RunEvent => ({kind: 'started', task});
export const output = (task: string, line: string): RunEvent => ({kind: 'output', task, line});
export const skipped = (task: string, reason: string): RunEvent => ({kind: 'skipped', task, reason});
export const done = (task: string, ms: number): RunEvent => ({kind: 'done', task, ms});
export const failed = (task: string, error: unknown): RunEvent => ({
  kind: 'failed',
  task,
  failure: {kind: 'threw', error},
  log: `/logs/${task}.log`,
  lastLines: ['compiling', '\u001b[31mundefined: kni\u001b[39m'],
});
export const notStarted = (task: string, on: string): RunEvent => ({
  kind: 'failed',
  task,
  failure: {kind: 'dependency', on},
  lastLines: [],
});
export const cancelled = (task: string): RunEvent => ({
  kind: 'failed',
  task,
  failure: {kind: 'cancelled'},
  lastLines: [],
});

export const commandError = new CommandError(['go', ['build', './cmd/kubelet']], {
  reason: 'exit code 2',
  output: 'from the command itself',
  exitStatus: 2,
});

export const userError = new UserError({
  code: 'KNI-E105',
  what: 'patch 0001-kni.patch does not apply',
  why: 'pkg/kubelet/kubelet.go differs\nat line 12',
  tryThis: 'refresh it:\ngit apply --3way 0001-kni.patch',
});
