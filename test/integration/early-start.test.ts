import {type ChildProcess, spawn} from 'node:child_process';
import {access, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, inject, it} from 'vitest';
import {optionsFrom} from '../../runtime/src/flags.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode} from '../rig/node/node.ts';
import {bringUp, newPod, takeDown} from '../rig/node/pod.ts';
import {tcpPort} from '../rig/node/portmap.ts';
import {rememberNodes, startRuntime} from '../rig/node/runtime.ts';
import {end} from '../rig/processes.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {until} from '../rig/wait.ts';

const types = [...(optionsFrom([])?.startEarly ?? [])];

/** System calls that concern only the process itself: libc and Go make them when a program starts. */
const harmless = new Set(
  [
    'execve brk arch_prctl set_tid_address set_robust_list rseq prlimit64 getrlimit getrandom getpid gettid uname',
    'mmap munmap mprotect madvise futex sched_getaffinity sched_yield nanosleep clock_gettime clock_nanosleep',
    'rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack tgkill timer_create timer_settime timer_delete restart_syscall',
    'openat read pread64 close fcntl newfstatat fstat fstatat64 access faccessat readlink readlinkat',
    'clone clone3 epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 eventfd2 pipe2',
  ].flatMap((names) => names.split(' ')),
);

/** The system calls of a program between its start and its first read of stdin, as lines of strace. */
const callsBeforeStdin = async (file: string, command: string): Promise<string[]> => {
  await using dir = await tempDir();
  const trace = join(dir.path, 'trace');
  const env = {
    ...inject('tools').env,
    CNI_COMMAND: command,
    CNI_CONTAINERID: 'sandbox',
    CNI_NETNS: '/proc/self/ns/net',
    CNI_IFNAME: 'eth0',
    CNI_ARGS: 'IgnoreUnknown=1',
    CNI_PATH: inject('tools').pluginDir,
  };
  const child: ChildProcess = spawn('strace', ['-f', '-qq', '-o', trace, file], {env, stdio: 'pipe'});
  let complaint = '';
  child.stderr?.on('data', (chunk) => (complaint += String(chunk)));
  const isReading = /^\d+ +read\(0, *(?:<unfinished|$)/m;
  const text = () => readFile(trace, 'utf8').catch(() => '');
  await until('it reads its stdin', async () => {
    if (child.exitCode !== null) throw new Error(`strace has ended: ${complaint}`);
    return isReading.test(await text());
  });
  const all = await text();
  await end(child);
  const before = all.slice(0, all.search(isReading)).split('\n');
  const isHarmless = (line: string) => {
    const [, call = ''] = /^\d+ +(?:<\.\.\. )?(\w+)(?: resumed>|\()/.exec(line) ?? [];
    if (line === '' || /^\d+ +(?:---|\+\+\+)/.test(line)) return true;
    if (call === 'openat' && !/O_RDONLY|resumed/.test(line)) return false;
    if (call.startsWith('clone') && !/CLONE_THREAD|resumed/.test(line)) return false;
    return harmless.has(call);
  };
  return before.filter((line) => !isHarmless(line));
};

describe('the plugins that start early by default', () => {
  it.each(types.flatMap((type) => ['ADD', 'DEL'].map((command) => [type, command] as const)))(
    '%s does nothing for %s before it reads its stdin',
    async (type, command) => {
      expect(await callsBeforeStdin(join(inject('tools').pluginDir, type), command)).toEqual([]);
    },
  );

  it('are told from a plugin that does something first', async () => {
    await using dir = await tempDir();
    const file = join(dir.path, 'plugin');
    await writeFile(file, '#!/bin/sh\n: >"$0.deed"\nread -r line\n', {mode: 0o755});
    expect(await callsBeforeStdin(file, 'ADD')).toContainEqual(expect.stringContaining('O_CREAT'));
    await access(`${file}.deed`);
  });

  it('are in the release that the nodes have', async () => {
    expect(await readdir(inject('tools').pluginDir)).toEqual(expect.arrayContaining(types));
  });
});

describe('a network runtime', () => {
  it.each(['', '--start-early='])('attaches and detaches pods side by side with %j', async (flag) => {
    await using node = await startNode();
    await rememberNodes(node);
    await using runtime = await startRuntime(node, flag === '' ? [] : [flag]);
    const pods = Array.from({length: 12}, (_, index) => newPod(`pod-${index}`));
    const up = await Promise.all(
      pods.map((pod, index) => bringUp(runtime.kni, pod, {portMappings: [tcpPort(8080 + index)]})),
    );
    expect(new Set(up.map(({ip}) => ip)).size).toBe(pods.length);
    expect((await leftovers(node)).hostPorts.length).toBeGreaterThanOrEqual(pods.length);
    await Promise.all(pods.map((pod, index) => takeDown(runtime.kni, pod, up[index]?.netns ?? '')));
    expect(await leftovers(node)).toEqual(nothing);
    const lines = runtime.log.filter(({level}) => level === 'warn' || level === 'error');
    expect(lines.filter(({msg}) => msg.includes('failed'))).toEqual([]);
  });
});
