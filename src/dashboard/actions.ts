/** Runs what the page asks for as a command of kni-demo, without a shell. */

import {z} from 'zod';
import {nameFlag} from '../cluster/cluster.ts';
import {podName, podPath} from '../cluster/names.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Command, Host} from '../host/host.ts';
import {quoteCommand} from '../host/quote.ts';
import {plainText} from '../view/stream.ts';
import type {ActionAnswer} from './app.ts';
import type {ActionName} from './feed.ts';

export interface ActionsOptions {
  readonly host: Host;
  readonly cluster: string;
  /** How to start kni-demo: a program and its first arguments. */
  readonly kniDemo: Command;
  readonly drills: readonly string[];
  readonly isReadOnly: boolean;
  readonly signal: AbortSignal;
}

const label = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);

const requestOf = (drills: readonly string[]) =>
  z.discriminatedUnion('action', [
    z.strictObject({action: z.literal('create-pod'), name: checked(podName), node: label.optional()}),
    z.strictObject({action: z.literal('delete-pod'), pod: checked(podPath)}),
    z.strictObject({action: z.literal('stop-runtime'), node: label}),
    z.strictObject({action: z.literal('start-runtime'), node: label}),
    z.strictObject({action: z.literal('drill'), name: z.enum(drills)}),
  ]);

/** The same checks as for the command line. */
const checked = (check: (text: string) => string) =>
  z.string().superRefine((text, context) => {
    try {
      check(text);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      context.addIssue({code: 'custom', message: error.message});
    }
  });

type Request = z.infer<ReturnType<typeof requestOf>>;

const argumentsOf = (request: Request): readonly string[] => {
  switch (request.action) {
    case 'create-pod':
      return ['pod', 'create', request.name, ...(request.node === undefined ? [] : ['--node', request.node])];
    case 'delete-pod':
      return ['pod', 'delete', request.pod.replace(/^default\//, '')];
    case 'stop-runtime':
      return ['stop', '--runtime-of', request.node];
    case 'start-runtime':
      return ['start', '--runtime-of', request.node];
    case 'drill':
      return ['drill', request.name];
  }
};

/** Milliseconds that a drill gets to restore the cluster after Ctrl-C. */
const grace = 180_000;
/** Lines of output that the page gets: the last ones. */
const mostLines = 500;

export interface Actions {
  /** Runs one action. Two actions of one kind do not run at the same time. Rejects only with errors of this program. */
  readonly act: (body: unknown) => Promise<ActionAnswer>;
  /** Resolves when no action runs any more. */
  ended(): Promise<void>;
}

export const createActions = ({
  host,
  cluster,
  kniDemo: [file, first],
  drills,
  isReadOnly,
  signal,
}: ActionsOptions): Actions => {
  const running = new Map<ActionName, Promise<unknown>>();
  const schema = requestOf(drills);
  const run = async (args: readonly string[]): Promise<{readonly ok: boolean; readonly output: string}> => {
    const lines: string[] = [];
    const onLine = (line: string): void => {
      lines.push(plainText(line));
      if (lines.length > mostLines) lines.shift();
    };
    try {
      const options = {signal, onLine, grace, env: {NO_COLOR: '1', FORCE_COLOR: undefined}};
      await host.run([file, [...first, ...args, '--name', cluster]], options);
      return {ok: true, output: lines.join('\n')};
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (error.exitStatus === undefined) lines.push(error.reason);
      return {ok: false, output: lines.join('\n')};
    }
  };
  const act = async (body: unknown): Promise<ActionAnswer> => {
    if (isReadOnly) return refused(403, 'this dashboard is read-only');
    const request = schema.safeParse(body);
    if (!request.success) return refused(400, problemIn(request.error));
    const {action} = request.data;
    const args = argumentsOf(request.data);
    const commandLine = `${quoteCommand(['kni-demo', args])}${nameFlag(cluster)}`;
    if (running.has(action)) return refused(409, `another ${action} is still running`, commandLine);
    const work = run(args);
    running.set(action, work);
    try {
      return {status: 200, response: {commandLine, ...(await work)}};
    } finally {
      running.delete(action);
    }
  };
  return {
    act,
    async ended() {
      await Promise.allSettled(running.values());
    },
  };
};

const refused = (status: 400 | 403 | 409, output: string, commandLine = ''): ActionAnswer => ({
  status,
  response: {ok: false, commandLine, output},
});

const problemIn = ({issues: [issue]}: z.ZodError): string =>
  `invalid request: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')}`;
