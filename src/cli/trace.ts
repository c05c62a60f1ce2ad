/** --debug: prints each program that is run, with its duration and result. */

import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {summarizeCommand} from '../host/quote.ts';
import {lineWriter, type OutputStream, paletteOf} from '../view/stream.ts';

/** `debug: docker ps --all: ok, 35 ms` */
export const traced = (host: Host, stderr: OutputStream): Host => {
  const write = lineWriter(stderr);
  const paint = paletteOf(stderr);
  return {
    async run(command, options) {
      const begun = performance.now();
      const say = (result: string): void => {
        const ms = Math.round(performance.now() - begun);
        write(paint.dim(`debug: ${summarizeCommand(command)}: ${result}, ${ms} ms`));
      };
      try {
        const result = await host.run(command, options);
        say('ok');
        return result;
      } catch (error) {
        say(error instanceof CommandError ? error.reason : 'failed');
        throw error;
      }
    },
  };
};
