/** Reads and writes small files on a node, with their modes. */

import type {Host} from '../host/host.ts';
import type {SavedFile} from './change.ts';

/** One line per path: `644 b:<base64>`, `l <target>`, or `-` if the file does not exist. */
const readScript = `for path; do
  if [ -L "$path" ]; then echo "l $(readlink "$path")"
  elif [ -e "$path" ]; then echo "$(stat -c %a "$path") b:$(base64 -w0 "$path")"
  else echo -; fi
done`;

/** Reads lines `<mode> b:<base64> <path>`, `l <target> <path>` or `- - <path>`. Readers see the former content or the new one. */
const writeScript = `while read -r mode content path; do
  if [ "$mode" = - ]; then rm -f "$path"; continue; fi
  mkdir -p "$(dirname "$path")"
  if [ "$mode" = l ]; then ln -sfn "$content" "$path"; continue; fi
  printf %s "\${content#b:}" | base64 -d >"$path.kni-demo"
  chmod "$mode" "$path.kni-demo"
  mv -f "$path.kni-demo" "$path"
done`;

const timeout = 20_000;

export const saveFiles = async (
  node: Host,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly SavedFile[]> => {
  if (paths.length === 0) return [];
  const {stdout} = await node.run(['sh', ['-ec', readScript, 'sh', ...paths]], {signal, timeout});
  const lines = stdout.split('\n');
  return paths.map((path, index) => {
    const [mode, content] = (lines[index] ?? '').split(' ');
    if (mode === '-') return {path, former: null};
    if (mode === 'l' && content) return {path, former: {link: content}};
    if (mode === undefined || !content?.startsWith('b:')) throw new Error(`cannot read ${path} on a node`);
    return {path, former: {base64: content.slice('b:'.length), mode}};
  });
};

/** Restores the former content, mode or absence of the files. Creates missing directories. Idempotent. */
export const putFiles = async (
  node: Host,
  files: readonly SavedFile[],
  signal: AbortSignal,
): Promise<void> => {
  if (files.length === 0) return;
  const lines = files.map(({path, former}) => {
    if (former === null) return `- - ${path}`;
    return 'link' in former ? `l ${former.link} ${path}` : `${former.mode} b:${former.base64} ${path}`;
  });
  await node.run(['sh', ['-ec', writeScript]], {input: `${lines.join('\n')}\n`, signal, timeout});
  await reloadUnits(node, files, signal);
};

const reloadUnits = async (node: Host, files: readonly SavedFile[], signal: AbortSignal): Promise<void> => {
  if (!files.some(({path}) => path.startsWith('/etc/systemd/'))) return;
  await node.run(['systemctl', ['daemon-reload']], {signal, timeout});
};

/** Absolute path → the new text, the target of a symbolic link, or undefined to remove the file. */
export type NewFiles = Readonly<Record<string, string | {readonly link: string} | undefined>>;

/** Replaces the files that `saveFiles` has read. Scripts get the mode 755. Other files keep their mode, and new ones get 644. */
export const replaceFiles = async (
  node: Host,
  {former, next}: {readonly former: readonly SavedFile[]; readonly next: NewFiles},
  signal: AbortSignal,
): Promise<void> => {
  const files = former.map((saved): SavedFile => {
    const content = next[saved.path];
    if (content === undefined) return {path: saved.path, former: null};
    if (typeof content !== 'string') return {path: saved.path, former: content};
    const mode = saved.former !== null && 'mode' in saved.former ? saved.former.mode : '644';
    const isScript = content.startsWith('#!');
    return {
      path: saved.path,
      former: {base64: Buffer.from(content).toString('base64'), mode: isScript ? '755' : mode},
    };
  });
  await putFiles(node, files, signal);
};
