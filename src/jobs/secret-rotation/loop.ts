/**
 * Rotates secrets: at the windows of their schedules and when asked, by calling the secret's
 * function for one step after the other and looking at what each has left behind. Deletes secrets
 * whose waiting time is over, too. Moves no label itself: AWSCURRENT moves when the function does.
 *
 * What is under way is recorded before the function is called. After a crash of the server the
 * interrupted step is called again, which functions must bear; a failed rotation begins anew.
 */
import type { EventBus } from '../../engines/events/bus.ts';
import { functionLog } from '../../engines/logs/names.ts';
import { functionNameIn } from '../../engines/secrets/functions.ts';
import { mostAttempts } from '../../engines/secrets/rotation-run.ts';
import {
  type RotationRow,
  type RotationStep,
  rotationSteps,
  type SecretRow,
} from '../../engines/secrets/rows.ts';
import type { Secrets } from '../../engines/secrets/secrets.ts';
import type { Scope } from '../../kernel/arn.ts';
import { minuteMs } from '../../kernel/clock.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop, Wake } from '../../kernel/loop.ts';
import { type Outcome, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { Functions } from '../../ports/functions.ts';
import type { LogWriter } from '../../ports/program-logs.ts';
import { publishRotation, type Told } from './events.ts';

export const secretRotationLoopName = 'secret-rotation';

const parallelism = 4;
/** Of what a function prints in one step. */
const mostLines = 1_000;
const defaultStepTimeoutMs = 5 * minuteMs;

export interface SecretRotationParts {
  readonly secrets: Secrets;
  readonly functions: Functions;
  /** What the function finds in its environment: address of the server, region, credentials. */
  readonly environmentFor: (asked: EnvironmentAsked) => Promise<Outcome<Environment>>;
  readonly events: EventBus;
  readonly log: Logger;
  /** Gets what functions print, without the values of the secret. */
  readonly programLogs?: Pick<LogWriter, 'append'>;
  readonly wake: Wake;
  /** Must be fit for secrets. */
  readonly random: Random;
  readonly partition: string;
  readonly stepTimeoutMs?: number;
}

export type Environment = Readonly<Record<string, string>>;

export interface EnvironmentAsked {
  /** The function's name. */
  readonly name: string;
  /** The role whose credentials it is to have; undefined: none. */
  readonly roleArn: string | undefined;
  readonly scope: Scope;
  readonly secretArn: string;
}

export interface SecretRotationLoop extends Loop {
  idle(): Promise<void>;
}

interface Running {
  readonly token: string;
  readonly done: Promise<void>;
  stop(): void;
}

interface Signals {
  /** The server goes down: the rotation is left to be taken up again. */
  readonly server: AbortSignal;
  /** That, or the rotation was cancelled. */
  readonly signal: AbortSignal;
}

export function makeSecretRotationLoop(parts: SecretRotationParts): SecretRotationLoop {
  const { secrets, log, wake } = parts;
  const { rotations, life } = secrets;
  const running = new Map<string, Running>();

  const start = (row: RotationRow, server: AbortSignal) => {
    const stopping = new AbortController();
    const signal = AbortSignal.any([server, stopping.signal]);
    const done = rotate(row, parts, { server, signal })
      .catch((cause: unknown) => log.error('a rotation could not be ended', cause))
      .finally(() => {
        running.delete(row.secret);
        wake(secretRotationLoopName);
      });
    running.set(row.secret, { token: row.token, done, stop: () => stopping.abort() });
  };

  return {
    name: secretRotationLoopName,
    exact: true,
    async tick(nowMs, { signal }) {
      if (signal.aborted) return Infinity;
      const purgeMs = await life.purge(nowMs);
      await rotations.startDue(nowMs);
      for (const [arn, { token, stop }] of running) {
        if ((await rotations.find(arn))?.token !== token) stop();
      }
      const due = await rotations.due(nowMs, parallelism + running.size);
      const waiting = due.filter((row) => !running.has(row.secret));
      for (const row of waiting.slice(0, parallelism - running.size)) start(row, signal);
      if (running.size >= parallelism) return purgeMs;
      return Math.min(purgeMs, await rotations.nextDueMs(new Set(running.keys())));
    },
    async idle() {
      while (running.size > 0) await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}

interface Attempt {
  readonly row: RotationRow;
  readonly secret: SecretRow;
  readonly parts: SecretRotationParts;
  readonly signals: Signals;
}

async function rotate(
  row: RotationRow,
  parts: SecretRotationParts,
  signals: Signals,
): Promise<void> {
  const { rotations } = parts.secrets;
  const secret = await rotations.secretOf(row.secret);
  if (!secret) return;
  const attempt = { row, secret, parts, signals };
  if (row.attempts === 0) await tell(attempt, { event: 'Started' });
  const steps: readonly RotationStep[] = row.kind === 'test' ? ['testSecret'] : rotationSteps;
  for (const step of steps.slice(steps.indexOf(row.step))) {
    const ended = await runStep(attempt, step);
    if (ended) return;
  }
  await succeed(attempt);
}

/** True when the rotation is over, for now or for good. */
async function runStep(attempt: Attempt, step: RotationStep): Promise<boolean> {
  const { row, parts, signals } = attempt;
  const { rotations } = parts.secrets;
  const isNewAttempt = step === row.step;
  // A function that takes the server down with it does not get to do so for ever.
  if (isNewAttempt && row.attempts >= mostAttempts) {
    return await fail(attempt, step, 'the rotation was interrupted too often');
  }
  const rotationToken = uuid(parts.random);
  const entered = await rotations.enter(row, { step, rotationToken, isNewAttempt });
  if (!entered) return await abandon(attempt);
  const now = { ...attempt, row: entered };
  const called = await call(now, { step, rotationToken });
  if (signals.server.aborted) return true;
  if (signals.signal.aborted) return await abandon(attempt);
  if (!called.ok) return await fail(now, step, called.reason);
  const lie = row.kind === 'test' ? undefined : await rotations.lieOf(row, step);
  if (lie === undefined) return false;
  return await fail(now, step, `the function answered, but ${lie}`);
}

interface StepCall {
  readonly step: RotationStep;
  readonly rotationToken: string;
}

async function call(
  { row, secret, parts, signals }: Attempt,
  { step, rotationToken }: StepCall,
): Promise<Outcome<unknown>> {
  const { functions, partition, stepTimeoutMs: timeoutMs = defaultStepTimeoutMs } = parts;
  const { account, region, arn, rotation } = secret;
  const scope = { partition, account, region };
  const name = functionNameIn(rotation?.functionArn ?? '', scope);
  if (!name.ok) return name;
  if (!functions.has(name.value)) return refuse(`there is no function named ${name.value}`);
  const roleArn = functions.roleOf(name.value);
  const asked = { name: name.value, roleArn, scope, secretArn: arn };
  const environment = await parts.environmentFor(asked);
  if (!environment.ok) return environment;
  const event = {
    ...{ Step: step, SecretId: arn, ClientRequestToken: row.token },
    RotationToken: rotationToken,
  };
  const printed: string[] = [];
  try {
    return await functions.call({
      ...{ name: name.value, event, environment: environment.value, timeoutMs },
      signal: signals.signal,
      say(line) {
        if (printed.length < mostLines) printed.push(line);
      },
    });
  } catch (cause) {
    return refuse(reasonOf(cause));
  } finally {
    const log = functionLog({ scope, name: name.value }, `${arn} ${row.token}`);
    await keep(parts, { log, arn, lines: [`${step}:`, ...printed] });
  }
}

interface Printed {
  readonly log: string;
  readonly arn: string;
  readonly lines: readonly string[];
}

/** Once the call is over, when the server knows the new value as well, and can leave it out. */
async function keep(
  { secrets, programLogs }: SecretRotationParts,
  { log, arn, lines }: Printed,
): Promise<void> {
  programLogs?.append(log, await secrets.masked(arn, lines.join('\n')));
}

async function succeed(attempt: Attempt): Promise<void> {
  await attempt.parts.secrets.rotations.succeed(attempt.row);
  await tell(attempt, { event: 'Succeeded' });
}

async function fail(attempt: Attempt, step: RotationStep, said: string): Promise<true> {
  const { row, secret, parts } = attempt;
  const { rotations } = parts.secrets;
  const reason = await parts.secrets.masked(secret.arn, said);
  const { arn } = secret;
  // It did its work before it failed: there is nothing to be done again.
  if (row.kind === 'rotate' && (await rotations.isCurrent(row))) {
    parts.log.warn('a rotation function failed after it had rotated', { secret: arn, reason });
    await succeed(attempt);
    return true;
  }
  const retryAtMs = await rotations.fail(row);
  parts.log.warn('a rotation failed', { secret: arn, step, reason, retryAtMs });
  await tell(attempt, { event: 'Failed', failure: { step, reason, retryAtMs } });
  return true;
}

/** Cancelled, or its secret deleted. */
async function abandon(attempt: Attempt): Promise<true> {
  await tell(attempt, { event: 'Abandoned' });
  return true;
}

async function tell(
  { row, secret, parts }: Attempt,
  told: Pick<Told, 'event' | 'failure'>,
): Promise<void> {
  const { events, partition } = parts;
  await publishRotation(events, { secret, rotation: row, partition, ...told });
}
