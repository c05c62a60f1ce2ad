import {lockSocket} from '../server/socket.ts';

const locks = new Map<string, Promise<void>>();

/** Locks the path of a socket until the process ends. A repeated call is fine: `openNode` may serve it before `serve` does. */
export const lockSocketOnce = async (socket: string): Promise<void> => {
  const lock = locks.get(socket) ?? lockSocket(socket);
  locks.set(socket, lock);
  try {
    await lock;
  } catch (error) {
    locks.delete(socket);
    throw error;
  }
};
