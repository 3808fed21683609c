/**
 * One model server kept running: started on a free port, asked until it is ready, started again
 * with growing delays when it dies, given up when that does not help.
 */
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { defined } from '../../kernel/assert.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { ModelServer, Usage } from '../../ports/launcher.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { noteProgram } from './leftovers.ts';
import { endProgram, type Program, type ProgramSpec, startProgram } from './program.ts';
import { usageMeter } from './usage.ts';

export interface RestartPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Given up after so many failures in a row. */
  readonly maxFailures: number;
  /** Who ran this long has ended the row of failures. */
  readonly stableMs: number;
}

export const defaultRestarts: RestartPolicy = {
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  maxFailures: 5,
  stableMs: 60_000,
};

export interface ServerSpec {
  readonly folder: string;
  readonly startTimeoutMs: number;
  readonly restarts: RestartPolicy;
  readonly onLog: (line: string) => void;
  /** What to run, listening at the port. */
  program(port: number): ProgramSpec;
  /** Removes what was made for it; called once, at the end. */
  cleanUp(): Promise<void>;
}

const pingTimeoutMs = 2_000;
const pollMs = 50;
const maxPingAnswerBytes = 65_536;
/** For a program that did not become ready; it serves nobody. */
const failedStartGraceMs = 1_000;

/** Resolves when it is ready. Refused, and everything ended, when it is not in time. */
export async function startServer(
  spec: ServerSpec,
  options: Abortable = {},
): Promise<Outcome<ModelServer>> {
  const server = new SupervisedServer(spec);
  const started = await server.start(options);
  return started.ok ? ok(server) : started;
}

class SupervisedServer implements ModelServer {
  readonly #spec: ServerSpec;
  readonly #stopping = new AbortController();
  readonly #measure: (pid: number) => Promise<Usage | undefined>;
  #url: URL | undefined;
  /** The running program, ready or not. */
  #program: Program | undefined;
  #ready = false;
  #attempting: Promise<unknown> = Promise.resolve();
  #supervision: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(spec: ServerSpec) {
    this.#spec = spec;
    this.#measure = usageMeter(spec.folder);
  }

  /** The port changes when it is started again. */
  get invocationsUrl(): URL {
    return defined(this.#url, 'the URL of a started server');
  }

  async start({ signal }: Abortable): Promise<Outcome<void>> {
    const giveUp = () => void this.stop({ graceMs: failedStartGraceMs });
    signal?.addEventListener('abort', giveUp, { once: true });
    const started = signal?.aborted ? refuse('given up') : await this.#attempt();
    signal?.removeEventListener('abort', giveUp);
    if (started.ok && !signal?.aborted) {
      this.#supervision = this.#keepUp(started.value);
      return ok(undefined);
    }
    await this.stop({ graceMs: failedStartGraceMs });
    signal?.throwIfAborted();
    return started.ok ? refuse('it was stopped') : started;
  }

  async healthy(options?: Abortable): Promise<boolean> {
    if (!this.#ready || !this.#url) return false;
    return ping(this.#url, options?.signal);
  }

  async usage(): Promise<Usage | undefined> {
    return this.#program && this.#measure(this.#program.pid);
  }

  stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    this.#ready = false;
    this.#stopping.abort();
    if (this.#program) await endProgram(this.#program, graceMs);
    // What was being started ends by itself now, and must have ended before its folder goes.
    await this.#attempting;
    await this.#supervision;
    await this.#spec.cleanUp();
  }

  #attempt(): Promise<Outcome<Program>> {
    const attempt = this.#startOnce().catch((cause: unknown) => refuse(reasonOf(cause)));
    this.#attempting = attempt;
    return attempt;
  }

  /** Starts it and waits until it is ready; what is not ready in time is ended. */
  async #startOnce(): Promise<Outcome<Program>> {
    const port = await freePort();
    if (this.#stopping.signal.aborted) return refuse('it was stopped');
    const started = await startProgram(this.#spec.program(port));
    if (!started.ok) return started;
    const program = started.value;
    this.#program = program;
    try {
      await noteProgram(this.#spec.folder, program.pid);
      const url = new URL(`http://127.0.0.1:${port}/invocations`);
      const failure = await this.#waitUntilReady(program, url);
      if (failure === undefined) {
        this.#url = url;
        this.#ready = true;
        return started;
      }
      const last = program.lastLines();
      const output = last.length > 0 ? `its last output: ${last.join(' | ')}` : 'it wrote nothing';
      return refuse(`${failure}; ${output}`);
    } finally {
      if (!this.#ready) {
        await endProgram(program, failedStartGraceMs);
        this.#program = undefined;
      }
    }
  }

  async #waitUntilReady(program: Program, url: URL): Promise<string | undefined> {
    let failure: string | undefined;
    void program.ended.then(({ exitCode, signal }) => {
      const how = exitCode === undefined ? `by ${signal}` : `with exit code ${exitCode}`;
      failure = `the program ended ${how} before GET /ping answered 200`;
    });
    const deadline = performance.now() + this.#spec.startTimeoutMs;
    while (performance.now() < deadline) {
      if (this.#stopping.signal.aborted) return 'it was stopped';
      if (failure === undefined && (await ping(url, this.#stopping.signal))) return failure;
      if (failure !== undefined) return failure;
      await delay(pollMs);
    }
    return `GET /ping did not answer 200 within ${this.#spec.startTimeoutMs} ms`;
  }

  /** Until it is stopped or given up. */
  async #keepUp(first: Program): Promise<void> {
    const { firstDelayMs, maxDelayMs, maxFailures, stableMs } = this.#spec.restarts;
    const { signal } = this.#stopping;
    let program: Program | undefined = first;
    for (let failures = 0; !signal.aborted; ) {
      const upSinceMs = performance.now();
      const end = await program?.ended;
      this.#ready = false;
      this.#program = undefined;
      if (signal.aborted) return;
      if (program && performance.now() - upSinceMs >= stableMs) failures = 0;
      failures += 1;
      if (end) this.#log(`it ended (${end.exitCode ?? end.signal})`);
      if (failures > maxFailures) return this.#log(`given up after ${maxFailures} restarts`);
      await pause(Math.min(firstDelayMs * 2 ** (failures - 1), maxDelayMs), signal);
      if (signal.aborted) return;
      const again = await this.#attempt();
      if (!again.ok) this.#log(again.reason);
      program = again.ok ? again.value : undefined;
    }
  }

  #log(line: string): void {
    this.#spec.onLog(`[modelkeep] ${line}`);
  }
}

async function ping(url: URL, given: AbortSignal | undefined): Promise<boolean> {
  const timeout = AbortSignal.timeout(pingTimeoutMs);
  const signal = given ? AbortSignal.any([timeout, given]) : timeout;
  try {
    // Loaded late: a start of the server does not wait for it.
    const { request } = await import('undici');
    const { statusCode, body } = await request(new URL('/ping', url), { signal });
    await body.dump({ limit: maxPingAnswerBytes, signal });
    return statusCode === 200;
  } catch {
    // Whatever went wrong, the answer to the question is no.
    return false;
  }
}

/** Like `delay`, but giving up is an early end and no failure. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((cause: unknown) => {
    if (!signal.aborted) throw cause;
  });
}

/** Free when asked; whoever takes it first makes the program fail, which is then started again. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' ? defined(address?.port, 'port') : 0;
}
