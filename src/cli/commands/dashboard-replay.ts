/** dashboard replay: serves the page with a recording, until Ctrl-C. */

import {once} from 'node:events';
import {createApp} from '../../dashboard/app.ts';
import {createToken} from '../../dashboard/guard.ts';
import {readRecording} from '../../dashboard/recording.ts';
import {serve} from '../../dashboard/serve.ts';
import {lineWriter} from '../../view/stream.ts';
import {recordingText} from '../recording-text.ts';
import {builtPage, show} from '../show-page.ts';
import type {World} from '../world.ts';

export interface ReplayOptions {
  readonly port?: number;
  readonly speed: number;
  readonly open: boolean;
  readonly json?: boolean;
}

/** Throws UserError when the recording or the port cannot be used. */
export const dashboardReplay = async (world: World, file: string, options: ReplayOptions): Promise<void> => {
  const {port = 0, speed} = options;
  const {signal} = world;
  const recording = await readRecording(file);
  const page = await builtPage();
  const token = createToken();
  const serving = await serve(port, (listening) =>
    createApp({
      token,
      port: listening,
      page,
      mode: {mode: 'replay', speed},
      content: {recording: recording.content},
    }),
  );
  try {
    for (const line of recordingText(recording)) lineWriter(world.stderr)(line);
    const url = `http://127.0.0.1:${serving.port}/${token}/`;
    await show(world, {title: `Recording of cluster ${recording.cluster}`, url, ...options});
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await serving.close();
  }
};
