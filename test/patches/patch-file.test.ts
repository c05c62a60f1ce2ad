import {describe, expect, it} from 'vitest';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {parsePatch} from '../../src/patches/patch-file.ts';

const head = '--- a/main.go\n+++ b/main.go\n';
const hunk = '@@ -1,2 +1,2 @@\n-one\n+1\n two\n';

describe('a patch file', () => {
  it('is read with its reason and its files', () => {
    const patch = parsePatch('0001-a.patch', `Why.\n\n---\n\n${head}${hunk}@@ -9 +9 @@\n-nine\n+9\n`);
    expect(patch).toMatchObject({
      name: '0001-a.patch',
      header: 'Why.\n\n---\n\n',
      files: [
        {
          path: 'main.go',
          kind: 'change',
          hunks: [
            {title: '@@ -1,2 +1,2 @@', old: ['one\n', 'two\n'], new: ['1\n', 'two\n']},
            {title: '@@ -9,1 +9,1 @@', text: '@@ -9 +9 @@\n-nine\n+9\n'},
          ],
        },
      ],
    });
  });

  it.each([
    [
      "git's, without a hunk",
      'diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n',
      'x',
      'create',
    ],
    ["git's, of a mode", 'diff --git a/x b/x\nold mode 100644\nnew mode 100755\n', 'x', 'change'],
    [
      'with folders of other names',
      `${head}${hunk}`.replaceAll(/ [ab]\//g, ' kubernetes.orig//'),
      'main.go',
      'change',
    ],
    ['without a file before', `--- /dev/null\n+++ b/a/b.go\n@@ -0,0 +1 @@\n+x\n`, 'a/b.go', 'create'],
    ['without a file after', `--- a/a/b.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n`, 'a/b.go', 'delete'],
  ])('may be %s', (_, text, path, kind) => {
    expect(parsePatch('a.patch', text).files).toMatchObject([{path, kind}]);
  });

  it.each([
    ['nothing', '', 'no hunk found'],
    ['prose', 'rubbish\n', 'no hunk found'],
    ['bytes', '\u0000\u0001\n@@ broken\n', ''],
    ['no file', hunk, 'a hunk has no file name'],
    ['one name', `--- a/main.go\n${hunk}`, 'no file name'],
    ['another count', `${head}@@ -1,3 +1,2 @@\n-one\n+1\n two\n`, 'hunk at line 3'],
    ['less than it says', `${head}@@ -1,9 +1,9 @@\n-one\n`, 'hunk at line 3'],
    ['no change', `${head}@@ -1 +1 @@\n one\n`, 'changes nothing'],
    ['two names', `${head}${hunk}`.replace('b/main.go', 'b/other.go'), 'two names, main.go and other.go'],
    ['a path to the outside', `${head}${hunk}`.replaceAll('main.go', '../main.go'), 'not a file of the tree'],
    ['a path from the root', `--- x\n+++ y\n${hunk}`, 'not a file of the tree'],
    ['a rename', 'diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n', 'renames'],
    ['a binary file', 'diff --git a/x b/x\nindex 1..2\nBinary files a/x and b/x differ\n', 'binary'],
    ['a remark that hides a hunk', `${head}${hunk}\n@@ -9 +9 @@\n-nine\n+9\n`, 'line "" hides'],
  ])('that holds %s is refused', (_, text, why) => {
    let error: unknown;
    try {
      parsePatch('0001-a.patch', text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      what: 'cannot read 0001-a.patch',
      why: expect.stringMatching(/^not a unified diff .*: [^\n]+$/),
      exitCode: exitCodes.badInput,
    });
    expect((error as UserError).why.toLowerCase()).toContain(why.toLowerCase());
  });
});
