/**
 * One running script: its process and all it starts, its channel of lines, and its bounds of time.
 * Speaks bytes and lines; what the lines mean is the session's business.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import { defined } from '../../kernel/assert.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import { logLines } from './log-lines.ts';

export interface ChildSpec {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly totalTimeoutMs: number;
  /** A line of the channel that is longer ends the script. */
  readonly lineBytes: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal | undefined;
  readonly onLine: (line: string) => void;
  /** Called once, with the reason, when the script ends or is ended, whichever is first. */
  readonly onEnd: (reason: string) => void;
}

/** It may close what it has open; then it is killed. */
const closeGraceMs = 2_000;
/** A process that left the group may hold the output open; it is not waited for longer. */
const outputGraceMs = 1_000;
const maxTimerMs = 2 ** 31 - 1;
const [requestsFd, repliesFd] = [3, 4];

export class ScriptChild {
  readonly #child: ChildProcess;
  readonly #spec: ChildSpec;
  readonly #log: ReturnType<typeof logLines>;
  readonly #closed: Promise<unknown>;
  readonly #total: NodeJS.Timeout;
  #watch: NodeJS.Timeout | undefined;
  #over = false;
  #exited = false;

  /** Refused when the program cannot be started. */
  static async start(spec: ChildSpec): Promise<Outcome<ScriptChild>> {
    const [file = '', ...args] = spec.command;
    try {
      const child = spawn(file, args, {
        cwd: spec.cwd,
        env: spec.environment,
        // Leads a group, so that whatever it starts can be ended with it.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      });
      const made = new ScriptChild(child, spec);
      await once(child, 'spawn');
      return ok(made);
    } catch (cause) {
      return refuse(`cannot start ${JSON.stringify(file)}: ${reasonOf(cause)}`);
    }
  }

  private constructor(child: ChildProcess, spec: ChildSpec) {
    this.#child = child;
    this.#spec = spec;
    this.#log = logLines(spec.say);
    for (const output of [child.stdout, child.stderr]) {
      const lines = this.#log.cutter();
      output?.on('data', (bytes: Buffer) => lines.push(bytes));
      output?.once('close', () => lines.end());
    }
    this.#readReplies();
    // Writing to a script that has ended fails; its end says why.
    this.#requests().on('error', () => {});
    child.once('exit', () => {
      this.#exited = true;
      this.#killGroup();
      setTimeout(() => this.#closePipes(), outputGraceMs).unref();
    });
    this.#closed = new Promise<void>((resolve) => {
      child.once('error', () => this.#finish('cannot be started', resolve));
      child.once('close', (code, signal) => this.#finish(this.#endOf(code, signal), resolve));
    });
    const timeoutMs = Math.min(spec.totalTimeoutMs, maxTimerMs);
    const seconds = spec.totalTimeoutMs / 1_000;
    this.#total = setTimeout(() => this.kill(`took longer than ${seconds} s in all`), timeoutMs);
    spec.signal?.addEventListener('abort', this.#stop, { once: true });
    if (spec.signal?.aborted) this.#stop();
  }

  readonly #stop = () => this.kill('was stopped');

  send(text: string): void {
    if (!this.#over) this.#requests().write(text);
  }

  /** The script is killed when it says nothing for so long; undefined: it may be silent. */
  expect(timeoutMs: number | undefined): void {
    clearTimeout(this.#watch);
    if (timeoutMs === undefined || this.#over) return;
    const reason = `took longer than ${timeoutMs / 1_000} s`;
    this.#watch = setTimeout(() => this.kill(reason), Math.min(timeoutMs, maxTimerMs));
  }

  /** Something has come: time starts anew. */
  progressed(): void {
    this.#watch?.refresh();
  }

  kill(reason: string): void {
    this.#end(reason);
    // Its id may go to a stranger when it has ended.
    if (!this.#exited) this.#killGroup();
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.expect(undefined);
    this.#requests().end();
    const waiting = new AbortController();
    const grace = delay(closeGraceMs, undefined, { signal: waiting.signal }).catch(() => {});
    await Promise.race([this.#closed, grace]);
    waiting.abort();
    this.kill('was closed');
    await this.#closed;
  }

  #requests(): Writable {
    return defined(this.#child.stdio[requestsFd], 'the channel to a script') as Writable;
  }

  #readReplies(): void {
    const replies = defined(this.#child.stdio[repliesFd], 'the channel of a script') as Readable;
    const decoder = new StringDecoder('utf8');
    let rest = '';
    replies.on('data', (bytes: Buffer) => {
      const parts = (rest + decoder.write(bytes)).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) if (!this.#over) this.#spec.onLine(line);
      if (rest.length > this.#spec.lineBytes) this.kill('wrote more than a reply may have');
    });
    replies.on('error', () => {});
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#watch);
    clearTimeout(this.#total);
    this.#spec.signal?.removeEventListener('abort', this.#stop);
    this.#spec.onEnd(reason);
  }

  #finish(reason: string, done: () => void): void {
    this.#end(reason);
    done();
  }

  #endOf(code: number | null, signal: string | null): string {
    if (this.#log.outOfMemory()) return 'ran out of the memory it may have';
    const last = this.#log.last().join('\n');
    const how =
      signal !== null || (code ?? 0) > 128
        ? `was ended by the signal ${signal ?? (code ?? 0) - 128}`
        : `ended itself with exit code ${code}`;
    return last === '' ? how : `${how}; its last lines:\n${last}`;
  }

  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (cause) {
      const gone = cause instanceof Error && 'code' in cause && cause.code === 'ESRCH';
      if (!gone) throw cause;
    }
  }

  #closePipes(): void {
    for (const pipe of this.#child.stdio) pipe?.destroy();
  }
}
