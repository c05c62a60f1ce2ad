import {expect, it} from 'vitest';
import {developmentText} from '../../src/cli/development-text.ts';
import {UserError} from '../../src/errors.ts';
import {capture} from '../rig/terminal.ts';

it('says what to do about a version that does not compile', () => {
  const lines: string[] = [];
  const records: unknown[] = [];
  const text = developmentText(
    {stdout: capture()},
    {nodes: []},
    {say: (line) => void lines.push(line), record: (type, fields) => void records.push({type, ...fields})},
  );
  const error = new UserError({
    what: 'cannot compile /root/hello',
    why: 'main.go:3:8: cannot find package "d.e/f"\nmain.go:9:1: undefined: x',
    tryThis: 'correct the file and run the same command again',
    code: 'KNI-E222',
  });
  text.failed(error, true);
  expect(lines).toEqual([
    '! cannot compile /root/hello: main.go:3:8: cannot find package "d.e/f"',
    '  main.go:9:1: undefined: x',
    '  try: correct the file',
    '  the former version keeps serving',
  ]);
  expect(records).toEqual([expect.objectContaining({type: 'failed', tryThis: 'correct the file'})]);
});
