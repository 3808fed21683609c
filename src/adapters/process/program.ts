/** One running program with everything it starts: a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { defined } from '../../kernel/assert.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import { lineCutter, throttled } from './lines.ts';

export interface ProgramSpec {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Lines of standard output and standard error. */
  readonly onLog: (line: string) => void;
}

export interface ProgramEnd {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

export interface Program {
  readonly pid: number;
  /** Resolves when it ended, its whole group with it, and its output was read. Never rejects. */
  readonly ended: Promise<ProgramEnd>;
  /** The last lines of its output, to say why it failed. */
  lastLines(): readonly string[];
  /** To the whole group; nothing when it has ended. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

const keptLines = 5;
/** A process that left the group may hold the output open; it is not waited for longer. */
const outputGraceMs = 1_000;

/** Refused when the program cannot be started; what happens later is in `ended`. */
export async function startProgram(spec: ProgramSpec): Promise<Outcome<Program>> {
  const [file = '', ...args] = spec.command;
  try {
    const child = spawn(file, args, {
      cwd: spec.cwd,
      env: spec.environment,
      // Leads a group, so that whatever it starts can be ended with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const program = watch(child, throttled(spec.onLog));
    await once(child, 'spawn');
    return ok(program());
  } catch (cause) {
    return refuse(`cannot start ${JSON.stringify(file)}: ${reasonOf(cause)}`);
  }
}

/** Asks to end, then kills after `graceMs`. */
export async function endProgram(program: Program, graceMs: number): Promise<ProgramEnd> {
  program.signal('SIGTERM');
  const waiting = new AbortController();
  const grace = delay(graceMs, undefined, { signal: waiting.signal }).catch(() => {});
  await Promise.race([program.ended, grace]);
  waiting.abort();
  program.signal('SIGKILL');
  return program.ended;
}

/** Listens from the start, so that no line and no end is missed; ask for it once it runs. */
function watch(child: ChildProcess, onLog: (line: string) => void): () => Program {
  const last: string[] = [];
  let over = false;
  const keep = (line: string) => {
    last.push(line);
    if (last.length > keptLines) last.shift();
    onLog(line);
  };
  for (const output of [child.stdout, child.stderr]) {
    const lines = lineCutter(keep);
    output?.on('data', (bytes: Buffer) => lines.push(bytes));
    output?.once('close', () => lines.end());
  }
  const ended = new Promise<ProgramEnd>((resolve) => {
    const close = () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    child.once('exit', () => {
      over = true;
      killGroup(child.pid, 'SIGKILL');
      setTimeout(close, outputGraceMs).unref();
    });
    child.once('close', (code, signal) => {
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined });
    });
  });
  return () => ({
    pid: defined(child.pid, 'the id of a running process'),
    ended,
    lastLines: () => last,
    signal: (name) => {
      if (!over) killGroup(child.pid, name);
    },
  });
}

/** Nothing when the group has no member left. */
export function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (cause) {
    const gone = cause instanceof Error && 'code' in cause && cause.code === 'ESRCH';
    if (!gone) throw cause;
  }
}
