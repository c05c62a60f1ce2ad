/** Describes a recording for people. */

import type {Recording} from '../dashboard/recording.ts';
import {seconds} from '../duration.ts';

export const recordingText = ({messages, from, to, isCut}: Recording): readonly string[] => [
  `${messages} messages, ${seconds(Math.max(0, Date.parse(to) - Date.parse(from)))}, from ${from}`,
  ...(isCut ? ['! the last line is incomplete and is left out: the recorder was killed'] : []),
];
