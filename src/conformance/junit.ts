/** Formats results as JUnit XML, which CI systems read. */

import type {Requirement} from './requirement.ts';
import type {Result} from './result.ts';
import {failureLines} from './text.ts';

export interface Suite {
  readonly name: string;
  readonly cases: readonly {readonly requirement: Requirement; readonly result: Result}[];
}

export const junitOf = (suites: readonly Suite[]): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="kni-conformance">',
    ...suites.flatMap(suiteLines),
    '</testsuites>',
    '',
  ].join('\n');

const suiteLines = ({name, cases}: Suite): readonly string[] => {
  const countOf = (kind: string): number => cases.filter(({result}) => result.outcome.kind === kind).length;
  const time = cases.reduce((sum, {result}) => sum + result.took, 0);
  return [
    `  <testsuite name="${escape(name)}" tests="${cases.length}" failures="${countOf('failed')}" skipped="${countOf('skipped')}" time="${inSeconds(time)}">`,
    ...cases.flatMap(({requirement: {id, level, title}, result: {outcome, took}}) => [
      `    <testcase classname="kni-conformance.${escape(name)}" name="${escape(`${id} ${level}: ${title}`)}" time="${inSeconds(took)}">`,
      ...(outcome.kind === 'skipped' ? [`      <skipped message="${escape(outcome.reason)}"/>`] : []),
      ...(outcome.kind === 'failed'
        ? [
            `      <failure type="${level}" message="${escape(outcome.failure.observed)}">${escape(failureLines(outcome.failure).join('\n'))}</failure>`,
          ]
        : []),
      '    </testcase>',
    ]),
    '  </testsuite>',
  ];
};

const inSeconds = (ms: number): string => (ms / 1000).toFixed(3);

/** XML 1.0 does not allow most control characters, not even escaped. */
const escape = (text: string): string =>
  text
    .replaceAll(/[^\P{Cc}\t\n\r]|\p{Cs}|[\ufffe\uffff]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;');
