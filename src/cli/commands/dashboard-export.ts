/** dashboard export: writes a recording and the page into one HTML file. */

import {refuseTaken} from '../../bundle/save.ts';
import {exportPage} from '../../dashboard/export-page.ts';
import {readRecording} from '../../dashboard/recording.ts';
import {lineWriter} from '../../view/stream.ts';
import {recordingText} from '../recording-text.ts';
import {runOutput} from '../run-output.ts';
import {builtPage} from '../show-page.ts';
import type {World} from '../world.ts';

export interface ExportOptions {
  readonly speed: number;
  readonly json?: boolean;
}

/** The file is written completely or not at all. Throws UserError when it exists, or the recording cannot be used. */
export const dashboardExport = async (
  world: World,
  file: string,
  page: string,
  {speed, json}: ExportOptions,
): Promise<void> => {
  await refuseTaken(page);
  const recording = await readRecording(file);
  const bytes = await exportPage({
    file,
    recording,
    page: await builtPage(),
    mode: {mode: 'replay', speed},
    target: page,
  });
  const {say, record} = runOutput(world, json);
  for (const line of recordingText(recording)) lineWriter(world.stderr)(line);
  record('result', {
    command: 'dashboard export',
    exitCode: 0,
    file: page,
    bytes,
    messages: recording.messages,
  });
  say(
    `wrote ${page}: ${Math.ceil(bytes / 1000)} kB. It needs no server and no network: open it in a browser.`,
  );
};
