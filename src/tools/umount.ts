/** umount: what an engine has left mounted when it was killed. */

import type {Command} from '../host/host.ts';

export const unmount = (point: string): Command => ['umount', [point]];
