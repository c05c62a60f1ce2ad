/** Prints the sum of vitest's JSON reports: `12 passed, 0 failed`. Usage: node test/summary.js FILE... */

import {readFileSync} from 'node:fs';

const reports = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const sum = (key) => reports.reduce((total, report) => total + report[key], 0);
const skipped = sum('numPendingTests') + sum('numTodoTests');
const parts = [`${sum('numPassedTests')} passed`, `${sum('numFailedTests')} failed`];
process.stdout.write(`${[...parts, ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ')}\n`);
