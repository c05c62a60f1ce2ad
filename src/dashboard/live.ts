/** A dashboard of a running cluster: sources, actions and the server. */

import type {ClusterPlace} from '../cluster/cluster.ts';
import type {Command} from '../host/host.ts';
import {createActions} from './actions.ts';
import {createApp} from './app.ts';
import {type ActionName, actionNames, feedVersion} from './feed.ts';
import {createToken} from './guard.ts';
import {createHub} from './hub.ts';
import {createInspector} from './inspect.ts';
import type {PageFiles} from './page-html.ts';
import {createRecorder} from './recording.ts';
import {type Serving, serve} from './serve.ts';
import {runSources} from './sources.ts';

export interface LiveOptions {
  readonly place: ClusterPlace;
  readonly cluster: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly page: PageFiles;
  readonly isReadOnly: boolean;
  readonly drills: readonly string[];
  /** How to start kni-demo: a program and its first arguments. */
  readonly kniDemo: Command;
  /** Milliseconds since the epoch: where the events begin. */
  readonly since: number;
  readonly record?: string | undefined;
  /** A line cannot be recorded: the recording ends, but the dashboard continues. */
  readonly onRecordingLost: (why: string) => void;
  /** Ends the dashboard. */
  readonly signal: AbortSignal;
}

export interface Live {
  readonly url: string;
  /** Resolves after the signal, when everything has ended; rejects with errors of this program. */
  readonly ended: Promise<void>;
}

/** Throws UserError when the port or the file of the recording cannot be used. */
export const startLive = async (options: LiveOptions): Promise<Live> => {
  const {place, cluster, page, isReadOnly, drills, kniDemo, since, record, signal} = options;
  const token = createToken();
  const actions: readonly ActionName[] = isReadOnly ? [] : actionNames;
  const start = {
    version: feedVersion,
    cluster,
    readOnly: isReadOnly,
    drills: isReadOnly ? [] : drills,
    actions,
  };
  const hub = createHub({start: {...start, live: true}});
  const runner = createActions({host: place.host, cluster, kniDemo, drills, isReadOnly, signal});
  const inspect = createInspector({place, cluster, signal});
  const recorder = record === undefined ? undefined : createRecorder(record, options.onRecordingLost);
  let serving: Serving;
  try {
    serving = await serve(options.port, (port) =>
      createApp({token, port, page, mode: {mode: 'live'}, content: {hub, act: runner.act, inspect}}),
    );
  } catch (error) {
    recorder?.discard();
    throw error;
  }
  if (recorder !== undefined) hub.tap(recorder.write);
  const run = async (): Promise<void> => {
    try {
      const isWatched = (): boolean => recorder !== undefined || hub.readers() > 0;
      await runSources({place, cluster, since, publish: hub.publish, isWatched, signal});
    } finally {
      hub.close();
      await Promise.all([serving.close(), runner.ended()]);
      recorder?.close();
    }
  };
  const ended = run();
  ended.catch(() => undefined); // the caller awaits it, perhaps later
  return {url: `http://127.0.0.1:${serving.port}/${token}/`, ended};
};
