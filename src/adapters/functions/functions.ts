/**
 * Functions as processes: each call starts Python or Node, hands the event over, and ends all that
 * it started. The program is the operator's own and may reach the network: there is no sandbox. It
 * is given the environment that is named here and nothing of the server's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { FunctionCall, Functions } from '../../ports/functions.ts';
import { javascriptDriver, pythonDriver } from './drivers.ts';

export interface FunctionProgram {
  readonly file: string;
  readonly handler?: string;
  readonly role?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface FunctionsParts {
  readonly programs: Readonly<Record<string, FunctionProgram>>;
  /** Where interpreters are looked for. */
  readonly path: string;
  readonly nowMs: () => number;
}

/** As the original's: answers of six megabytes. */
const mostReplyBytes = 6 * 1024 ** 2;
/** Lines that are passed on; a program that prints more is not listened to. */
const mostLines = 10_000;
const mostLineLength = 8_192;

export function processFunctions({ programs, path, nowMs }: FunctionsParts): Functions {
  const find = (name: string) => (Object.hasOwn(programs, name) ? programs[name] : undefined);
  return {
    has: (name) => find(name) !== undefined,
    roleOf: (name) => find(name)?.role,
    async call(call) {
      const program = find(call.name);
      if (!program) return refuse(`there is no function ${call.name}`);
      const file = resolve(program.file);
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile()) return refuse(`the function ${call.name} has no file ${file}`);
      return run(call, { ...program, file, path, deadlineMs: nowMs() + call.timeoutMs });
    },
  };
}

interface Program extends FunctionProgram {
  readonly path: string;
  readonly deadlineMs: number;
}

async function run(call: FunctionCall, program: Program): Promise<Outcome<unknown>> {
  if (call.signal?.aborted) return refuse(`the function ${call.name} was given up`);
  const child = start(call, program);
  const ended = endOf(child);
  let why: string | undefined;
  const kill = (reason: string) => {
    why ??= reason;
    killGroup(child);
  };
  const timer = setTimeout(() => kill(`took more than ${call.timeoutMs} ms`), call.timeoutMs);
  const giveUp = () => kill('was given up');
  call.signal?.addEventListener('abort', giveUp, { once: true });
  listen(child, call);
  const reply = gather(child.stdio[3] as Readable, () => kill('answered too much'));
  const end = await ended;
  // Whatever it left running must not outlive it, nor hold the pipes open.
  killGroup(child);
  clearTimeout(timer);
  call.signal?.removeEventListener('abort', giveUp);
  const about = `the function ${call.name}`;
  if (why !== undefined) return refuse(`${about} ${why}`);
  if (end.error) return refuse(`${about} cannot be started: ${end.error.message}`);
  return outcomeOf(about, await reply, end.how);
}

function start(call: FunctionCall, program: Program): ChildProcess {
  const { file, handler = 'handler', deadlineMs, path } = program;
  const [command, ...first] =
    extname(file) === '.py'
      ? ['python3', '-c', pythonDriver]
      : [process.execPath, '--input-type=module', '--eval', javascriptDriver];
  const child = spawn(command ?? '', [...first, file, handler, call.name, String(deadlineMs)], {
    cwd: dirname(file),
    env: { PATH: path, LANG: 'C.UTF-8', ...program.environment, ...call.environment },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // A group of its own, so that what it starts is ended with it.
    detached: true,
  });
  // A program that ends without reading its event says so by its end.
  child.stdin?.once('error', () => {});
  child.stdin?.end(JSON.stringify(call.event));
  return child;
}

interface End {
  readonly how: string;
  readonly error?: Error;
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ how: 'did not start', error }));
    child.once('exit', (code, signal) => resolve({ how: signal ?? `exit code ${code}` }));
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

function listen(child: ChildProcess, { say }: FunctionCall): void {
  let lines = 0;
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines += 1;
      if (lines <= mostLines) say?.(line.slice(0, mostLineLength));
    });
  }
}

async function gather(stream: Readable, onTooMuch: () => void): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of stream) {
      sizeBytes += (piece as Buffer).length;
      if (sizeBytes <= mostReplyBytes) pieces.push(piece as Buffer);
      else onTooMuch();
    }
  } catch {
    // Cut off with the process: what came so far is no whole answer, and is not taken for one.
  }
  return Buffer.concat(pieces).toString('utf8');
}

function outcomeOf(about: string, reply: string, how: string): Outcome<unknown> {
  try {
    const { value, error } = JSON.parse(reply) as { value?: unknown; error?: string };
    return error === undefined ? ok(value) : refuse(`${about} raised: ${error}`);
  } catch {
    return refuse(`${about} ended without an answer (${how})`);
  }
}
