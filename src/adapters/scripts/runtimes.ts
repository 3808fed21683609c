/** The languages scripts are written in, and how a driver for each is started. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Runtime } from '../../ports/scripts.ts';
import { javascriptDriver } from './driver-javascript.ts';
import { pythonDriver } from './driver-python.ts';
import { withoutInner } from './sandbox.ts';

export interface Language {
  readonly name: 'python' | 'javascript';
  readonly driver: { readonly file: string; readonly text: string };
  readonly readable: readonly string[];
  /** Without the path of the driver, which comes last. */
  command(bounds: Bounds): readonly string[];
  readonly runtime: Runtime;
}

/** What the system is to hold a script to. Python's driver asks for it itself. */
export interface Bounds {
  readonly memoryBytes: number;
  /** Were the server killed, a script in a loop would still end. */
  readonly cpuSeconds: number;
  /** Of any one file. */
  readonly fileBytes: number;
  /** Undefined where they cannot be told from those of the server's user. */
  readonly processes?: number;
}

const oldestPython = [3, 8] as const;
const probeTimeoutMs = 20_000;

/** Real paths, so that version managers' shims are not needed where the script runs. */
const pythonProbe = [
  'import json, os, sys',
  'paths = [sys.executable, os.path.realpath(sys.executable)]',
  'folders = [sys.prefix, sys.base_prefix, sys.exec_prefix]',
  'folders += [p for p in sys.path if os.path.isdir(p)]',
  'print(json.dumps([paths, folders, list(sys.version_info[:3])]))',
].join('\n');

/** `name` is a path, or looked up in the server's own PATH. */
export async function findPython(name: string): Promise<Language> {
  const probed = await probe(name);
  const runtime: Runtime = probed.ok
    ? { usable: true, detail: `${probed.value.version} at ${probed.value.path}` }
    : { usable: false, detail: probed.reason };
  const found = probed.ok ? probed.value : { path: name, readable: [] };
  return {
    name: 'python',
    driver: { file: 'driver.py', text: pythonDriver },
    readable: found.readable,
    // Isolated from the environment and the user's folder; text is UTF-8 whatever the locale.
    command: () => [found.path, '-I', '-B', '-X', 'utf8'],
    runtime,
  };
}

interface Python {
  readonly path: string;
  readonly readable: readonly string[];
  readonly version: string;
}

function probe(name: string): Promise<Outcome<Python>> {
  const options = { timeout: probeTimeoutMs, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile(name, ['-I', '-c', pythonProbe], options, (cause, stdout) => {
      if (cause) return resolve(refuse(`${name} cannot be run: ${firstLine(cause.message)}`));
      const [paths, folders, version] = JSON.parse(stdout) as [string[], string[], number[]];
      const [major = 0, minor = 0] = version;
      const shown = version.join('.');
      if (major !== oldestPython[0] || minor < oldestPython[1]) {
        return resolve(refuse(`Python ${shown}: ${oldestPython.join('.')} or newer is needed`));
      }
      const readable = withoutInner([...folders, ...paths.map((path) => dirname(path))]);
      resolve(ok({ path: paths[0] ?? name, readable, version: `Python ${shown}` }));
    });
  });
}

const firstLine = (text: string) => text.split('\n')[0] ?? '';

/** Beside the heap: code, stacks of threads, buffers. */
const nativeBytes = 512 * 1024 * 1024;
const mebibyte = 1024 * 1024;
/** In mebibytes: Node does not start with less. */
const leastHeap = 16;

function limitFlags({ memoryBytes, cpuSeconds, fileBytes, processes }: Bounds): readonly string[] {
  return [
    ...[`--data=${memoryBytes + nativeBytes}`, `--cpu=${cpuSeconds}`, `--fsize=${fileBytes}`],
    ...['--core=0', ...(processes === undefined ? [] : [`--nproc=${processes}`])],
  ];
}

/** The server's own Node. Its address space cannot be bounded; its data is where `prlimit` is. */
export async function findJavascript(): Promise<Language> {
  const path = process.execPath;
  const prlimit = '/usr/bin/prlimit';
  const bounded = await access(prlimit).then(
    () => true,
    () => false,
  );
  return {
    name: 'javascript',
    driver: { file: 'driver.mjs', text: javascriptDriver },
    readable: [path],
    command: (bounds) => [
      ...(bounded ? [prlimit, ...limitFlags(bounds)] : []),
      path,
      `--max-old-space-size=${Math.max(leastHeap, Math.floor(bounds.memoryBytes / mebibyte))}`,
    ],
    runtime: { usable: true, detail: `Node.js ${process.versions.node} at ${path}` },
  };
}
