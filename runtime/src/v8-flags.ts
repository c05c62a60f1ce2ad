/**
 * Memory before speed, since what takes time is the plugins: 20 MB less. To be imported before all else, since the
 * optimising compiler alone takes 5 MB as soon as it is used.
 */
import {setFlagsFromString} from 'node:v8';

/**
 * Not flags of the command line: Node.js brings the code of its own modules along compiled without any, and V8 takes that
 * only for as long as there are none. So what is needed of them is loaded first: 20 ms less, and 1.5 MB.
 */
const needed =
  'assert child_process cluster dns http2 https module os perf_hooks readline worker_threads zlib';
for (const name of needed.split(' ')) process.getBuiltinModule(name);

/** The last one keeps the space for new objects as small as it is at the start, 1 MB. */
const flags = ['--no-opt', '--optimize-for-size', '--semi-space-growth-factor=1'];
for (const flag of flags) setFlagsFromString(flag);
