/** Prints events as JSON: one object per line, without empty fields. */
import {toJson} from '@bufbuild/protobuf';
import {type Event, EventSchema, Inspector} from '../gen/inspector_pb.ts';
import type {Follow} from './ask.ts';

export async function* eventLines(follow: Follow, flags: {readonly follow: boolean}): AsyncIterable<string> {
  for await (const {events} of follow(Inspector.method.watch, {past: true, follow: flags.follow}))
    if (events.length > 0) yield events.map(lineOf).join('\n');
}

/** The fields as in the message, with `time` as RFC 3339 with microseconds. */
const lineOf = (event: Event): string => {
  const fields = Object.entries(Object(toJson(EventSchema, event))).filter(
    ([key]) => key !== 'version' && key !== 'timeUs',
  );
  const {version, timeUs} = event;
  return JSON.stringify({version, time: timeOf(timeUs), ...Object.fromEntries(fields)});
};

const timeOf = (timeUs: bigint): string => {
  const toSecond = new Date(Number(timeUs / 1000n)).toISOString().slice(0, 19);
  return `${toSecond}.${String(timeUs % 1_000_000n).padStart(6, '0')}Z`;
};
