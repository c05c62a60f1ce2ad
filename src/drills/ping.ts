/** A ping in a pod, and its gaps. */

import type {Scene} from './drill.ts';
import {inPod} from './pods.ts';

/** Milliseconds from one packet to the next. */
const interval = 100;

export interface PingResult {
  readonly sent: number;
  readonly lost: number;
  /** Milliseconds between two answers, at most. */
  readonly longestGap: number;
}

export interface Ping {
  /** Ends the ping. Works only once. */
  stop(): Promise<PingResult>;
}

const file = '/tmp/pings';

/** Sends a packet each 100 ms until `stop` is called. The process ends with its pod at the latest. */
export const startPing = async (scene: Scene, from: string, ip: string): Promise<Ping> => {
  const started = await inPod(scene, from, `ping -i ${interval / 1_000} ${ip} >${file} 2>&1 & echo $!`);
  const pid = started.trim();
  return {
    async stop() {
      // The answer to the last packet may still come.
      const script = `sleep 0.3; kill -INT ${pid}; while [ -e /proc/${pid} ]; do sleep 0.1; done; cat ${file}`;
      return parsePing(await inPod(scene, from, script));
    },
  };
};

/** Reads the output of busybox's ping. */
export const parsePing = (printed: string): PingResult => {
  const sent = Number(/(\d+) packets transmitted/.exec(printed)?.[1]);
  if (Number.isNaN(sent)) throw new Error(`cannot read the output of ping: ${printed.slice(0, 200)}`);
  const times = new Map<number, number>();
  for (const [, sequence, roundTrip] of printed.matchAll(/ seq=(\d+) .*time=([\d.]+) ms$/gm)) {
    const number = Number(sequence);
    if (!times.has(number)) times.set(number, number * interval + Number(roundTrip));
  }
  const arrivals = [...times.values()].sort((a, b) => a - b);
  // A loss at the beginning or at the end is a gap, too.
  const all = [0, ...arrivals, ...(times.has(sent - 1) ? [] : [sent * interval])];
  const gaps = all.slice(1).map((time, index) => time - (all[index] ?? 0));
  return {sent, lost: Math.max(0, sent - times.size), longestGap: Math.round(Math.max(0, ...gaps))};
};
