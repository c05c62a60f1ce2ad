/** umount: removes mounts that a killed engine left behind. */

import type {Command} from '../host/host.ts';

export const unmount = (point: string): Command => ['umount', [point]];
