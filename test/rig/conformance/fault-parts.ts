/** Parts of faults that several requirements share. */
import {execFile} from 'node:child_process';
import {connect, createServer, type Socket} from 'node:net';
import {promisify} from 'node:util';
import type {Around, Fault} from './fault.ts';
import {Refusal} from './model-handlers.ts';
import {type Model, models} from './model-pods.ts';

const run = promisify(execFile);
export const ip = (...args: readonly string[]): Promise<unknown> => run('ip', args);

let counter = 0;
export const count = (): number => ++counter;

export const refuse = (): never => {
  throw new Refusal('INTERNAL', 'broken');
};

export const withId = (id: string): Model | undefined => models.find((model) => model.id === id);

/** Every pod has this address. */
export const answersAddress = (address: () => string): Fault => ({
  calls: {
    attachInterface: async (request, next) => {
      await next(request);
      return {ipconfigs: {eth0: {ip: [address()]}}};
    },
  },
});

/** All pods are lost at a restart. */
export const forgetsPods: Fault = {beforeStart: () => void models.splice(0)};

/** It makes another netns for each call. */
export const createsAgain: Fault = {
  calls: {
    createNetwork: (request, next) => next({...request, extradata: {attempt: String(count())}}),
  },
};

/** Something stays on the node for each deleted pod. */
export const leavesAtDelete = (leave: (n: number) => unknown): Fault => ({
  calls: {
    deleteNetwork: async (request, next) => {
      const answer = await next(request);
      await leave(count());
      return answer;
    },
  },
});

export const leakLink = (n: number): Promise<unknown> =>
  ip('link', 'add', `leak${n}`, 'type', 'veth', 'peer', 'name', `leakpeer${n}`);

export const leaksWhenAttachFails: Fault = {
  calls: {
    attachInterface: async (request, next) => {
      try {
        return await next(request);
      } catch (error) {
        await leakLink(count());
        throw error;
      }
    },
  },
};

/** AttachInterface calls in progress. */
const attaching = {now: 0};

/** Breaks other calls while pods are attached. */
export const whileAttaching = (calls: (isBusy: () => boolean) => NonNullable<Fault['calls']>): Fault => {
  const attachInterface: Around<'attachInterface'> = async (request, next) => {
    attaching.now++;
    try {
      return await next(request);
    } finally {
      attaching.now--;
    }
  };
  return {calls: {attachInterface, ...calls(() => attaching.now > 0)}};
};

/** A server in front of the real one. `accept` decides about a connection when it begins, and about its first bytes. */
export const frontWith =
  (accept: (open: number, bytes: Buffer | undefined) => boolean): NonNullable<Fault['front']> =>
  (socket, behind) => {
    const open = new Set<Socket>();
    const server = createServer((peer) => {
      open.add(peer);
      peer.on('close', () => open.delete(peer));
      peer.on('error', () => peer.destroy());
      if (!accept(open.size, undefined)) return void peer.destroy();
      peer.once('data', (bytes) => {
        if (!accept(open.size, bytes)) return void peer.destroy();
        const inner = connect(behind);
        inner.on('error', () => peer.destroy());
        inner.write(bytes);
        peer.pipe(inner).pipe(peer);
      });
    });
    server.listen(socket);
  };
