/**
 * What scripts are confined by: bubblewrap where it works, else namespaces by `unshare`, else
 * nothing. Whether one works is found by running a program in it. Not the bounds of time and
 * memory, which hold in each of them.
 */
import { execFile } from 'node:child_process';
import { lstat, readlink } from 'node:fs/promises';
import type { SandboxKind } from '../../ports/scripts.ts';

export interface Confined {
  readonly command: readonly string[];
  /** Files and folders the program may read, besides the system's. */
  readonly readable: readonly string[];
  /** A folder it may change, and where it stands for the program. */
  readonly output?: { readonly path: string; readonly at: string };
  /** The program's working folder where the sandbox has none of its own. */
  readonly scratch: string;
  readonly network: boolean;
}

export interface Sandbox {
  readonly kind: SandboxKind;
  readonly detail: string;
  readonly command: (program: Confined) => readonly string[];
  /** The working folder, as the program sees it. */
  readonly scratch: (program: Confined) => string;
  /** Where the program finds its output folder. */
  readonly output: (program: Confined) => string | undefined;
  /** Processes are counted apart from those of the server's user. */
  readonly ownProcesses: boolean;
}

/** Where programs are looked up; the server's own PATH is not passed on. */
export const programPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const probeTimeoutMs = 10_000;
const scratchBytes = 64 * 1024 * 1024;

const details: Readonly<Record<SandboxKind, string>> = {
  bubblewrap: 'scripts have no network, see the system and themselves only, and change nothing',
  unshare:
    'scripts have no network and no other processes, but read and write files as the server does',
  none: 'scripts run as the server does, with its files and its network, in no sandbox',
};

const allKinds: readonly SandboxKind[] = ['bubblewrap', 'unshare', 'none'];

/** The first of the kinds that works here; undefined when none of them does. */
export async function findSandbox(
  kinds: readonly SandboxKind[] = allKinds,
): Promise<Sandbox | undefined> {
  for (const kind of kinds) {
    const sandbox = await make(kind);
    const probe = {
      command: [process.execPath, '--version'],
      readable: [process.execPath],
      scratch: '/',
      network: false,
    };
    if (kind === 'none' || (await runs(sandbox.command(probe)))) return sandbox;
  }
  return undefined;
}

async function make(kind: SandboxKind): Promise<Sandbox> {
  const outside = {
    kind,
    detail: details[kind],
    scratch: ({ scratch }: Confined) => scratch,
    output: ({ output }: Confined) => output?.path,
    ownProcesses: false,
  };
  if (kind === 'none') return { ...outside, command: ({ command }) => command };
  if (kind === 'unshare') {
    return { ...outside, ownProcesses: true, command: (program) => unshare(program) };
  }
  const system = [...(await systemFolders()), ...(await scratchFolder())];
  return {
    ...outside,
    scratch: () => '/tmp',
    output: ({ output }) => output?.at,
    ownProcesses: true,
    command: (program) => bubblewrap(system, program),
  };
}

function unshare({ command, network }: Confined): readonly string[] {
  const apart = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return ['unshare', ...apart, '--ipc', ...(network ? [] : ['--net']), '--', ...command];
}

function bubblewrap(system: readonly string[], program: Confined): readonly string[] {
  const { command, readable, output, network } = program;
  const online = ['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf'];
  return [
    ...['bwrap', '--unshare-all', ...(network ? ['--share-net'] : [])],
    ...['--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--hostname', 'script'],
    ...system,
    ...(network ? online.flatMap((path) => ['--ro-bind-try', path, path]) : []),
    ...readable.filter(isElsewhere).flatMap((path) => ['--ro-bind', path, path]),
    ...(output ? ['--bind', output.path, output.at] : []),
    ...['--remount-ro', '/', '--chdir', '/tmp', '--', ...command],
  ];
}

const isElsewhere = (path: string) => path !== '/' && path !== '/usr' && !path.startsWith('/usr/');

const readableEtc = [
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'alternatives',
  'localtime',
  'ssl',
];

async function systemFolders(): Promise<readonly string[]> {
  const folders: string[] = ['--ro-bind', '/usr', '/usr', '--ro-bind-try', '/nix', '/nix'];
  for (const path of ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']) {
    const found = await lstat(path).catch(() => undefined);
    if (found?.isSymbolicLink()) folders.push('--symlink', await readlink(path), path);
    else if (found) folders.push('--ro-bind', path, path);
  }
  for (const name of readableEtc) folders.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`);
  return [...folders, '--proc', '/proc', '--dev', '/dev'];
}

/** Older versions cannot bound the folder that is kept in memory. */
async function scratchFolder(): Promise<readonly string[]> {
  const help = await output(['bwrap', '--help']);
  return [...(help?.includes('--size') ? ['--size', String(scratchBytes)] : []), '--tmpfs', '/tmp'];
}

async function runs(command: readonly string[]): Promise<boolean> {
  return (await output(command)) !== undefined;
}

/** What a short program prints; undefined when it cannot be run or fails. */
export function output(
  [file = '', ...args]: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const env = environment ?? { PATH: programPath };
  const options = { env, timeout: probeTimeoutMs, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile(file, args, options, (cause, stdout) => resolve(cause ? undefined : stdout));
  });
}

/** The folders an interpreter needs, without those that lie in another. */
export function withoutInner(folders: readonly string[]): readonly string[] {
  const apart = [...new Set(folders)].filter((path) => path !== '/');
  return apart.filter((path) => !apart.some((other) => path.startsWith(`${other}/`)));
}
