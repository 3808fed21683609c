/** The service over a folder of its own, with a few logs in it, called without the wire. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { fileProgramLogs } from '../../adapters/logs/program-logs.ts';
import { keyringOf } from '../../engines/envelope/keyring.ts';
import { endpointLog, processingLog } from '../../engines/logs/names.ts';
import { makeSealer } from '../../engines/sealing/sealer.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Call } from '../../wire/operation.ts';
import type { LogsCtx } from './context.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const startMs = Date.UTC(2026, 0, 5, 10);
export const processing = '/aws/sagemaker/ProcessingJobs';

export function makeCall(): Call {
  return {
    scope,
    caller: { accessKeyId: 'AKID', arn: 'someone', userId: 'AIDA', account: scope.account },
    requestId: 'r',
    signal: new AbortController().signal,
    endpointUrl: 'http://127.0.0.1:4566',
    headers: {},
    url: '/',
    checksums: {},
  };
}

export async function setup() {
  const folder = await mkdtemp(join(tmpdir(), 'service-logs-'));
  const clock = new VirtualClock(startMs);
  const random = seededRandom(1);
  const keyring = keyringOf([random.bytes(32)]);
  const sealer = makeSealer({ keyring, random, purpose: 'program logs' });
  const programLogs = fileProgramLogs({ folder, clock, sealer });
  onTestFinished(async () => {
    await programLogs.close();
    await rm(folder, { recursive: true, force: true });
  });
  const ctx: LogsCtx = { ...makeCall(), programLogs };
  /** Prints lines, one a millisecond from `atMs` after the start; answers the stream's name. */
  function job(name: string, lines: readonly string[], { atMs = 0, of = scope } = {}) {
    const log = processingLog({ scope: of, name, createdAtMs: startMs });
    lines.forEach((line, i) => {
      clock.moveTo(Math.max(clock.nowMs(), startMs + atMs + i));
      programLogs.append(log, line);
    });
    return `${name}/algo-1-${startMs}`;
  }
  function server(endpoint: string, variant: string, line: string) {
    const instanceId = '01234567-89ab-4cde-8f01-23456789abcd';
    programLogs.append(endpointLog({ scope, name: endpoint }, { name: variant, instanceId }), line);
    return `${variant}/i-0123456789ab4cde8`;
  }
  return { clock, ctx, programLogs, job, server };
}

export const numbered = (count: number, what = 'line') =>
  Array.from({ length: count }, (_, i) => `${what} ${i}`);
