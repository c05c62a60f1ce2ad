/** The client of the benchmark: a Go program that makes the calls and measures them, since kubelets are in Go. */
import {createInterface} from 'node:readline';
import type {TestNode} from '../rig/node/test-node.ts';
import type {Step} from './subject.ts';

/** See client/main.go. */
export type Request =
  | {readonly kind: 'runtime'; readonly socket: string}
  | {
      readonly kind: 'plugins';
      readonly config: string;
      readonly pluginDir: string;
      readonly cacheDir: string;
      readonly ifName: string;
    }
  | {readonly kind: 'run'; readonly subject: number; readonly cycles: number; readonly lanes: number}
  | {
      readonly kind: 'query';
      readonly subject: number;
      readonly pods: readonly QueriedPod[];
      readonly count: number;
    }
  | {readonly kind: 'close'; readonly subject: number};

export interface QueriedPod {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
}

export interface Answer {
  /** Number of the subject that was opened last. */
  readonly subject: number;
  /** Durations of each step, in ms. */
  readonly ms: Readonly<Partial<Record<Step, readonly number[]>>>;
  /** Duration of the whole request. */
  readonly seconds: number;
  readonly error?: string;
}

/** Rejects with the client's error. One request at a time. */
export type Ask = (request: Request) => Promise<Answer>;

/** The client runs on the node of the bare plugins, whose namespaces it needs. It ends with the node. */
export const startClient = async (node: TestNode, file: string): Promise<Ask> => {
  await node.run(['mkdir', '-p', '/run/netns']);
  const child = node.start([file]);
  const {stdin, stdout} = child;
  if (!stdin || !stdout) throw new Error('the client has no pipes');
  let complaint = '';
  child.stderr?.on('data', (chunk) => (complaint = String(chunk).trim()));
  stdin.on('error', () => undefined); // the missing answer reports it
  const answers = createInterface({input: stdout})[Symbol.asyncIterator]();
  return async (request) => {
    stdin.write(`${JSON.stringify(request)}\n`);
    const line = await answers.next();
    if (line.done) throw new Error(`the client has ended: ${complaint}`);
    const answer = JSON.parse(line.value) as Answer;
    if (answer.error) throw new Error(answer.error);
    return answer;
  };
};
