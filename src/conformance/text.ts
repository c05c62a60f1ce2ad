/** Explains a failed requirement in lines. */

import type {Exchange} from './kni-client.ts';
import type {Failure} from './result.ts';

/** Requests may have 256 KiB. */
const longest = 400;

/** `request`, `answer`, `expected` and `observed`, one line each. */
export const failureLines = ({expected, observed, exchanges}: Failure): readonly string[] => [
  ...exchanges.flatMap(exchangeLines),
  `expected  ${expected}`,
  ...observed.split('\n').map((line, index) => `${index === 0 ? 'observed' : '        '}  ${line}`),
];

const exchangeLines = ({method, request, answer, took}: Exchange): readonly string[] => [
  `request   ${method} ${shorten(JSON.stringify(request))}`,
  `answer    ${'status' in answer ? shorten(`${answer.status}: ${answer.message}`) : shorten(JSON.stringify(answer.response))}  ${Math.round(took)} ms`,
];

const shorten = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text);
