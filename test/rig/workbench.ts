/** A scratch directory for this machine's own patch and git. */

import {localHost} from '../../src/host/process.ts';
import {diffTexts} from '../../src/patches/compare.ts';
import {type Workbench, withWorkbench} from '../../src/patches/workbench.ts';

export const onBench = <Result>(use: (bench: Workbench) => Promise<Result>): Promise<Result> =>
  withWorkbench(localHost(), new AbortController().signal, use);

/** A patch of main.go from one text to another; the empty text if both are equal. */
export const diffOf = (bench: Workbench, from: string, to: string): Promise<string> =>
  diffTexts(bench, from, to).then((hunks) => (hunks === '' ? '' : `--- a/main.go\n+++ b/main.go\n${hunks}`));
