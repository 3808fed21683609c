/**
 * One analysis in a process of its own, in the thread and with the helpers that a server gives it;
 * or DuckDB's reading of the same files. Prints one line of JSON: what it took, and what it found.
 * What to do is JSON on its input: `{ kind, ... }` as below.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, constants, setPriority, tmpdir } from 'node:os';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const script = fileURLToPath(import.meta.url);

/** Resolves with `{ seconds, cpuSeconds, peakBytes, ...told }`, or rejects with what went wrong. */
export async function measured(request) {
  const child = spawn(process.execPath, [script], { stdio: 'pipe' });
  child.stdin.end(JSON.stringify(request));
  const parts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (text) => (parts[name] += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(parts.stderr || `ended with ${code}`);
  return JSON.parse(parts.stdout);
}

/** Kind → prepared side, to be asked once: a server's thread has run before, as has a database. */
const kinds = {
  /** The task of a job: `{ inputs, datasetFormat, baselineConstraintsText?, … }`. */
  async analysis() {
    const threads = Math.max(1, availableParallelism() - 1);
    const worker = new Worker(new URL('../../dist/server/analysis-worker.js', import.meta.url), {
      workerData: { temporaryFolder: tmpdir(), threads, memoryLimit: '1GB' },
    });
    const perform = async (request) => {
      worker.postMessage({ id: 1, task: { kind: 'data-quality', request } });
      const [{ outcome, failure }] = await once(worker, 'message');
      if (failure) throw new Error(failure);
      return outcome;
    };
    await perform({ inputs: [], datasetFormat: '{"csv":{}}' });
    return async ({ request }) => {
      const outcome = await perform(request);
      if (!outcome.ok) throw new Error(outcome.reason);
      const { rows, violations, constraintsText, statisticsText } = outcome.value;
      return { rows, violations: violations.length, constraintsText, statisticsText };
    };
  },
  /** One query over two threads, whose first cell is how many rows there are. */
  async duckdb() {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const database = await DuckDBInstance.create(':memory:', { threads: '2' });
    const connection = await database.connect();
    await connection.run('SELECT 1');
    return async ({ query }) => {
      const reader = await connection.runAndReadAll(query);
      return { rows: Number(reader.getRows()[0]?.[0]) };
    };
  },
};

/** Of this process alone: what it was started from may have been larger. */
function peakBytes() {
  const status = '/proc/self/status';
  if (!existsSync(status)) return process.resourceUsage().maxRSS * 1_024;
  const [, found] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(status, 'utf8')) ?? [];
  return Number(found) * 1_024;
}

if (process.argv[1] === script) {
  // Analyses yield to other work, and so does here what they are compared with.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const request = await json(process.stdin);
  const perform = await kinds[request.kind]();
  const before = process.cpuUsage();
  const startedAtMs = performance.now();
  const told = await perform(request);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  const figures = { seconds, cpuSeconds, peakBytes: peakBytes() };
  process.stdout.write(`${JSON.stringify({ ...figures, ...told })}\n`, () => process.exit(0));
}
