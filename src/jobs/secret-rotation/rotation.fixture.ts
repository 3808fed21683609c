/** The loop over memory, a virtual clock and functions that tests write. */
import { type EventBus, makeEventBus } from '../../engines/events/bus.ts';
import { holderOf } from '../../engines/secrets/labels.ts';
import { labels, type RotationStep, type SecretRow } from '../../engines/secrets/rows.ts';
import {
  good,
  type SecretsSetup,
  scope,
  setupSecrets,
  text,
} from '../../engines/secrets/secrets.fixture.ts';
import { formatArn } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import { silentLogger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { FunctionCall } from '../../ports/functions.ts';
import { makeSecretRotationLoop, type SecretRotationLoop } from './loop.ts';

export const functionArn = (name = 'rotate') => formatArn(scope, 'lambda', `function:${name}`);

export interface StepEvent {
  readonly Step: RotationStep;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}

export type Handler = (event: StepEvent, call: FunctionCall) => Promise<Outcome<unknown>>;
export type Honest = (event: StepEvent) => Promise<Outcome<unknown>>;

/** What a rotation function does, as Amazon's templates do it. */
function honestHandler({ secrets }: SecretsSetup): Honest {
  return async ({ Step, SecretId, ClientRequestToken, RotationToken }) => {
    const secret = defined(await secrets.life.find(SecretId, scope), 'the secret');
    const versions = await secrets.versions.list(secret);
    const staged = versions.find(({ id }) => id === ClientRequestToken);
    if (!staged) return refuse(`Secret version ${ClientRequestToken} has no stage for rotation`);
    if (staged.labels.includes(labels.current)) return ok(null);
    if (Step === 'createSecret' && staged.keyArn === undefined) {
      const put = { token: ClientRequestToken, value: text(`new-${ClientRequestToken}`) };
      const more = { labels: [labels.pending], rotationToken: RotationToken };
      good(await secrets.versions.put(secret, { ...put, ...more }));
    }
    if (Step === 'finishSecret') {
      const from = holderOf(versions, labels.current)?.id;
      const move = { label: labels.current, to: ClientRequestToken };
      good(await secrets.versions.move(secret, from === undefined ? move : { ...move, from }));
    }
    return ok(null);
  };
}

function toldBy(events: EventBus) {
  const told: { name: string; detail: Record<string, unknown> }[] = [];
  events.subscribe(async (event) => {
    const { eventName } = event.detail;
    told.push({ name: String(eventName), detail: event.detail });
  });
  return told;
}

export function setupRotation(setup: SecretsSetup = setupSecrets()) {
  const { secrets, clock, random, store } = setup;
  const log = silentLogger;
  const events: EventBus = makeEventBus({ clock, random, log });
  const told = toldBy(events);
  const calls: string[] = [];
  const printed: { log: string; text: string }[] = [];
  const honest = honestHandler(setup);
  const handlers = new Map<string, Handler>([['rotate', honest]]);
  const makeLoop = (): SecretRotationLoop =>
    makeSecretRotationLoop({
      ...{ secrets, events, log, random, wake: () => {}, partition: scope.partition },
      programLogs: { append: (log, said) => void printed.push({ log, text: said }) },
      environmentFor: async ({ name, roleArn }) =>
        roleArn === 'nobody' ? refuse('no such role') : ok({ NAME: name, ROLE: roleArn ?? '' }),
      functions: {
        has: (name) => handlers.has(name),
        roleOf: (name) => (name === 'orphan' ? 'nobody' : undefined),
        async call(call) {
          const event = call.event as StepEvent;
          calls.push(event.Step);
          const handler = handlers.get(call.name);
          return handler ? await handler(event, call) : refuse('no such function');
        },
      },
    });
  let loop = makeLoop();
  const server = new AbortController();

  return {
    ...setup,
    events,
    told,
    calls,
    /** What functions printed, by step. */
    printed,
    honest,
    store,
    /** By name; the one named `rotate` is honest until it is replaced. */
    handlers,
    names: () => told.map(({ name }) => name),
    server,
    /** A tick, everything that it started, and when the loop is due after that. */
    async tick(): Promise<number> {
      await loop.tick(clock.nowMs(), { signal: server.signal });
      await loop.idle();
      return await loop.tick(clock.nowMs(), { signal: server.signal });
    },
    /** A tick that does not wait for what it started. */
    start: () => loop.tick(clock.nowMs(), { signal: server.signal }),
    idle: () => loop.idle(),
    /** The server is started anew over what was kept. */
    restart() {
      loop = makeLoop();
    },
    /** One tick of a server that goes down when the condition holds, or has nothing left to do. */
    async resume(isOver?: () => boolean): Promise<void> {
      const going = new AbortController();
      await loop.tick(clock.nowMs(), { signal: going.signal });
      while (isOver && !isOver()) await new Promise((resolve) => setImmediate(resolve));
      if (isOver) going.abort();
      await loop.idle();
    },
    async rotation(secret: SecretRow) {
      return (await secrets.life.find(secret.arn, scope))?.rotation;
    },
  };
}

export type RotationSetup = ReturnType<typeof setupRotation>;
