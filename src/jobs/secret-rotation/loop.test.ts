/** Rotations: on time, in their windows, when asked, and with functions that do wrong. */
import { describe, expect, test } from 'vitest';
import { dump, good, startMs, text, token } from '../../engines/secrets/secrets.fixture.ts';
import { dayMs, hourMs } from '../../kernel/clock.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { functionArn, setupRotation } from './rotation.fixture.ts';

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
const now = (name = 'r1', more: object = {}) => ({
  ...{ token: token(name), functionArn: functionArn(), immediately: true },
  ...more,
});

async function made(setup = setupRotation()) {
  return { ...setup, secret: await setup.make('s', 'old') };
}

describe('a rotation', () => {
  test('calls the four steps in order, and the function moves AWSCURRENT', async () => {
    const { secrets, secret, tick, calls, names, labels, read, rotation } = await made();
    const { version } = good(await secrets.rotations.request(secret, now()));
    expect(version).toBe(token('r1'));
    expect(await labels(secret)).toEqual({ v1: ['AWSCURRENT'], r1: ['AWSPENDING'] });
    expect(await tick()).toBe(Infinity);
    expect(calls).toEqual(steps);
    const moved = { v1: ['AWSPREVIOUS'], r1: ['AWSPENDING', 'AWSCURRENT'] };
    expect(await labels(secret)).toEqual(moved);
    expect(await read(secret)).toBe(`new-${token('r1')}`);
    expect(await rotation(secret)).toMatchObject({ enabled: true, rotatedAtMs: startMs });
    expect(names()).toEqual(['RotationStarted', 'RotationSucceeded']);
    // The next one begins where this one ended.
    good(await secrets.rotations.request(secret, now('r2')));
    await tick();
    expect(await labels(secret)).toMatchObject({ r1: ['AWSPREVIOUS'], v1: [] });
  });

  test('gives the function its environment, and a token for its own calls', async () => {
    const { secrets, secret, tick, handlers, honest, names } = await made();
    const seen: unknown[] = [];
    handlers.set('rotate', async (event, call) => {
      const { environment, timeoutMs } = call;
      if (event.Step === 'createSecret') {
        seen.push({ environment, timeoutMs });
        const put = { token: token('x'), value: text('forged'), labels: ['blue'] };
        const forged = { ...put, rotationToken: '0'.repeat(36) };
        seen.push(await secrets.versions.put(secret, forged));
      }
      return await honest(event);
    });
    good(await secrets.rotations.request(secret, now()));
    await tick();
    expect(seen).toMatchObject([
      { environment: { NAME: 'rotate', ROLE: '' }, timeoutMs: 300_000 },
      { problem: 'invalidParameter' },
    ]);
    expect(names()).toEqual(['RotationStarted', 'RotationSucceeded']);
  });

  test('keeps what the function prints, without the values of the secret', async () => {
    const { secrets, secret, tick, handlers, honest, printed } = await made();
    handlers.set('rotate', async (event, call) => {
      const answer = await honest(event);
      call.say?.(`now old-value or new-${event.ClientRequestToken}, said ${event.Step}`);
      return answer;
    });
    good(await secrets.rotations.request(secret, now()));
    await tick();
    expect(printed.map(({ text: said }) => said)).toEqual(
      steps.map((step) => `${step}:\nnow old-value or ***, said ${step}`),
    );
    const [log, ...others] = new Set(printed.map((one) => one.log));
    expect(others).toEqual([]);
    expect(log).toMatch(/^\d{12}\/[a-z0-9-]+\/functions\/rotate\/run-[0-9a-f]{32}$/);
  });

  test('that is only tried out calls testSecret with the value, and leaves nothing', async () => {
    const { secrets, secret, tick, calls, handlers, read, labels, names, rotation } = await made();
    let tried = '';
    handlers.set('rotate', async ({ ClientRequestToken: id }) => {
      tried = await read(secret, { id, label: 'AWSPENDING' });
      return ok(null);
    });
    const asked = now('t1', { immediately: false, rules: { afterDays: 3 } });
    good(await secrets.rotations.request(secret, asked));
    await tick();
    expect(calls).toEqual(['testSecret']);
    expect(tried).toBe('old');
    expect(await labels(secret)).toEqual({ v1: ['AWSCURRENT'] });
    expect(names()).toEqual(['TestRotationStarted', 'TestRotationSucceeded']);
    const { rotatedAtMs, next } = (await rotation(secret)) ?? {};
    expect(rotatedAtMs).toBeUndefined();
    expect(next?.startMs).toBe(Date.UTC(2024, 4, 17));
    handlers.set('rotate', async () => refuse('no connection'));
    good(await secrets.rotations.request(secret, now('t2', { immediately: false })));
    expect(await tick()).toBe(next?.startMs);
    expect(names().slice(2)).toEqual(['TestRotationStarted', 'TestRotationFailed']);
    expect(await labels(secret)).toEqual({ v1: ['AWSCURRENT'] });
  });

  test('keeps neither values nor the token of the function in the rows', async () => {
    const { secrets, secret, tick, handlers, honest, store } = await made();
    const rows: string[] = [];
    const given: string[] = [];
    const names = ['secret', 'version', 'value', 'rotation'].map((name) => `secrets/${name}`);
    handlers.set('rotate', async (event) => {
      given.push(event.RotationToken);
      const answer = await honest(event);
      rows.push(await dump(store, names));
      return answer;
    });
    good(await secrets.rotations.request(secret, now()));
    await tick();
    expect(rows).toHaveLength(4);
    expect(new Set(given).size).toBe(4);
    const base64 = (value: string) => Buffer.from(value).toString('base64').slice(0, 12);
    for (const value of [`new-${token('r1')}`, '"old"', ...given]) {
      expect(rows.join()).not.toContain(value);
      expect(rows.join()).not.toContain(base64(value));
    }
  });

  test('needs a function', async () => {
    const { secrets, secret } = await made();
    const asked = { token: token('r1'), immediately: true };
    expect(await secrets.rotations.request(secret, asked)).toMatchObject({
      reason: 'No Lambda rotation function ARN is associated with this secret.',
    });
    const odd = now('r1', { rules: { expression: 'rate(1 hour)' } });
    expect(await secrets.rotations.request(secret, odd)).toMatchObject({
      problem: 'invalidParameter',
    });
  });

  test('asked for twice with a token is one', async () => {
    const { secrets, secret, tick, calls } = await made();
    good(await secrets.rotations.request(secret, now()));
    good(await secrets.rotations.request(secret, now()));
    await tick();
    good(await secrets.rotations.request(secret, now()));
    await tick();
    expect(calls).toEqual(steps);
    const old = now('v1');
    expect(await secrets.rotations.request(secret, old)).toMatchObject({ problem: 'exists' });
  });
});

describe('schedules', () => {
  test('rotate in each window, and the loop sleeps in between', async () => {
    const { secrets, secret, tick, clock, calls, rotation } = await made();
    const rules = { expression: 'cron(0 16 ? * SUN *)', duration: '2h' };
    good(await secrets.rotations.request(secret, now('r1', { rules })));
    const sunday = Date.UTC(2024, 4, 19, 16);
    expect(await tick()).toBe(sunday);
    clock.moveTo(sunday - 1);
    await tick();
    expect(calls).toHaveLength(4);
    clock.moveTo(sunday);
    expect(await tick()).toBe(sunday + 7 * dayMs);
    expect(calls).toHaveLength(8);
    expect(await rotation(secret)).toMatchObject({
      rotatedAtMs: sunday,
      next: { startMs: sunday + 7 * dayMs, endMs: sunday + 7 * dayMs + 2 * hourMs },
    });
  });

  test('a missed window: the next one if the hour was said, else at once', async () => {
    const { make, secrets, tick, clock, calls } = setupRotation();
    const strict = await make('strict', 'old');
    const loose = await make('loose', 'old');
    const rules = { expression: 'cron(0 16 * * ? *)', duration: '2h' };
    good(await secrets.rotations.request(strict, now('a', { rules })));
    good(await secrets.rotations.request(loose, now('b', { rules: { afterDays: 1 } })));
    await tick();
    calls.splice(0);
    clock.moveTo(Date.UTC(2024, 4, 20, 19));
    expect(await tick()).toBe(Date.UTC(2024, 4, 21));
    expect(calls).toEqual(steps);
  });

  test('cancelled ones do not rotate, and are turned on again by asking', async () => {
    const { secrets, secret, tick, clock, calls, rotation } = await made();
    const asked = now('r1', { rules: { afterDays: 1 } });
    good(await secrets.rotations.request(secret, asked));
    await tick();
    const { secret: off } = good(await secrets.rotations.cancel(secret));
    expect(off.rotation).toMatchObject({ enabled: false, rules: { afterDays: 1 } });
    clock.moveTo(startMs + 10 * dayMs);
    expect(await tick()).toBe(Infinity);
    expect(calls).toHaveLength(4);
    expect(await secrets.rotations.cancel(secret)).toMatchObject({ problem: 'invalidRequest' });
    good(await secrets.rotations.request(secret, { token: token('r2'), immediately: true }));
    await tick();
    expect((await rotation(secret))?.next?.startMs).toBe(Date.UTC(2024, 4, 25));
    expect(calls).toHaveLength(8);
  });

  test('a cancelled one that left its label is taken up again when asked', async () => {
    const { secrets, secret, tick, handlers, honest, rotation, read } = await made();
    handlers.set('rotate', async () => refuse('never'));
    good(await secrets.rotations.request(secret, now('r1', { rules: { afterDays: 1 } })));
    await tick();
    good(await secrets.rotations.cancel(secret));
    expect((await rotation(secret))?.next).toBeUndefined();
    handlers.set('rotate', honest);
    const again = await secrets.rotations.request(secret, now('r2'));
    expect(again).toMatchObject({ problem: 'invalidRequest' });
    expect(await tick()).toBe(Date.UTC(2024, 4, 15));
    expect(await read(secret)).toBe(`new-${token('r1')}`);
    expect(await rotation(secret)).toMatchObject({ enabled: true, rotatedAtMs: startMs });
  });

  test('a failed one whose window is over is tried as often as any when asked', async () => {
    const { secrets, secret, tick, handlers, clock, names } = await made();
    good(await secrets.rotations.request(secret, now('r1', { rules: { afterDays: 1 } })));
    await tick();
    handlers.set('rotate', async () => refuse('never'));
    clock.moveTo(Date.UTC(2024, 4, 15, 23, 59, 50));
    await tick();
    expect(names().at(-1)).toBe('RotationFailed');
    expect(await secrets.rotations.request(secret, now('r2'))).toMatchObject({ ok: false });
    expect(await tick()).toBe(Date.UTC(2024, 4, 16));
    clock.moveTo(Date.UTC(2024, 4, 16, 12));
    expect(await tick()).toBe(clock.nowMs() + 30_000);
  });

  test('deleted secrets do not rotate, and end when their time is over', async () => {
    const { secrets, secret, tick, clock, calls } = await made();
    good(await secrets.rotations.request(secret, now('r1', { rules: { afterDays: 1 } })));
    good(await secrets.life.scheduleDeletion(secret, 7));
    expect(await tick()).toBe(startMs + 7 * dayMs);
    expect(calls).toEqual([]);
    clock.moveTo(startMs + 7 * dayMs);
    expect(await tick()).toBe(Infinity);
  });
});

describe('functions that do wrong', () => {
  test.each(steps)(
    'crash at %s: AWSCURRENT stays, and it is tried again from the start',
    async (at) => {
      const { secrets, secret, tick, handlers, honest, labels, calls, told, ...setup } =
        await made();
      handlers.set('rotate', async (event) => {
        if (event.Step === at) throw new Error('it crashed');
        return await honest(event);
      });
      good(await secrets.rotations.request(secret, now()));
      expect(await tick()).toBe(startMs + 30_000);
      expect(await labels(secret)).toEqual({ v1: ['AWSCURRENT'], r1: ['AWSPENDING'] });
      expect(told.at(-1)).toMatchObject({
        name: 'RotationFailed',
        detail: {
          errorMessage: 'it crashed',
          additionalEventData: { SecretId: secret.arn, Step: at, RetryAt: expect.any(String) },
        },
      });
      expect((await setup.rotation(secret))?.rotatedAtMs).toBeUndefined();
      handlers.set('rotate', honest);
      calls.splice(0);
      setup.clock.moveTo(startMs + 30_000);
      await tick();
      expect(calls).toEqual(steps);
      expect((await labels(secret)).r1).toContain('AWSCURRENT');
    },
  );

  test('crash after it has moved AWSCURRENT: the secret is rotated', async () => {
    const { secrets, secret, tick, handlers, honest, names, rotation } = await made();
    handlers.set('rotate', async (event) => {
      await honest(event);
      return event.Step === 'finishSecret' ? refuse('it crashed late') : ok(null);
    });
    good(await secrets.rotations.request(secret, now()));
    expect(await tick()).toBe(Infinity);
    expect(names()).toEqual(['RotationStarted', 'RotationSucceeded']);
    expect((await rotation(secret))?.rotatedAtMs).toBe(startMs);
  });

  test.each([
    ['createSecret', /was given no value/],
    ['finishSecret', /AWSCURRENT was not moved/],
  ])('answer %s without having done it', async (at, reason) => {
    const { secrets, secret, tick, handlers, honest, labels, told } = await made();
    handlers.set('rotate', async (event) => (event.Step === at ? ok('done') : await honest(event)));
    good(await secrets.rotations.request(secret, now()));
    await tick();
    expect(told.at(-1)).toMatchObject({ name: 'RotationFailed' });
    expect(told.at(-1)?.detail.errorMessage).toMatch(reason);
    expect(await labels(secret)).toMatchObject({ v1: ['AWSCURRENT'] });
  });

  test.each(steps)('move AWSCURRENT to where it does not belong, in %s', async (at) => {
    const { secrets, secret, tick, handlers, honest, labels, read, told } = await made();
    const other = { token: token('x'), value: text('other'), labels: ['blue'] };
    good(await secrets.versions.put(secret, other));
    const refused: unknown[] = [];
    handlers.set('rotate', async (event) => {
      if (event.Step !== at) return await honest(event);
      const move = { label: 'AWSCURRENT', to: token('x'), from: token('v1') };
      refused.push(await secrets.versions.move(secret, move));
      const put = { token: token('y'), value: text('y') };
      refused.push(await secrets.versions.put(secret, put));
      return ok(null);
    });
    good(await secrets.rotations.request(secret, now()));
    await tick();
    expect(refused).toMatchObject([
      { problem: 'invalidRequest', reason: expect.stringContaining(at) },
      { problem: 'invalidRequest' },
    ]);
    expect(await read(secret)).toBe(
      at === 'setSecret' || at === 'testSecret' ? `new-${token('r1')}` : 'old',
    );
    expect((await labels(secret)).x).toEqual(['blue']);
    expect(told.at(-1)?.name).toMatch(/^Rotation(Failed|Succeeded)$/);
  });

  test('make the new version current before it was tested', async () => {
    const { secrets, secret, tick, handlers, labels, names } = await made();
    handlers.set('rotate', async ({ ClientRequestToken: id }) => {
      // AWSCURRENT is what a put without labels asks for.
      const put = await secrets.versions.put(secret, { token: id, value: text('early') });
      return put.ok ? ok(null) : refuse(put.reason);
    });
    good(await secrets.rotations.request(secret, now()));
    await tick();
    expect(names().at(-1)).toBe('RotationFailed');
    expect(await labels(secret)).toEqual({ v1: ['AWSCURRENT'], r1: ['AWSPENDING'] });
  });

  test('take the pending version away', async () => {
    const { secrets, secret, tick, handlers, honest, told, labels } = await made();
    handlers.set('rotate', async (event) => {
      await honest(event);
      if (event.Step !== 'setSecret') return ok(null);
      const move = { label: 'AWSPENDING', from: event.ClientRequestToken };
      good(await secrets.versions.move(secret, move));
      return ok(null);
    });
    good(await secrets.rotations.request(secret, now()));
    await tick();
    expect(told.at(-1)?.detail.errorMessage).toMatch(/AWSPENDING any more/);
    expect(await labels(secret)).toMatchObject({ v1: ['AWSCURRENT'] });
  });

  test('tell the secret: the event does not', async () => {
    const { secrets, secret, tick, handlers, honest, told } = await made();
    handlers.set('rotate', async (event) => {
      await honest(event);
      return event.Step === 'setSecret' ? refuse(`bad password new-${token('r1')}`) : ok(null);
    });
    good(await secrets.rotations.request(secret, now()));
    await tick();
    expect(told.at(-1)?.detail.errorMessage).toBe('bad password ***');
  });

  test('fail for good: waits double, then it is given up, and asking begins it again', async () => {
    const { secrets, secret, tick, handlers, honest, clock, names, labels, read } = await made();
    handlers.set('rotate', async () => refuse('never'));
    good(await secrets.rotations.request(secret, now()));
    const waits: number[] = [];
    for (let dueMs = await tick(); dueMs < Infinity; dueMs = await tick()) {
      waits.push((dueMs - clock.nowMs()) / 1_000);
      clock.moveTo(dueMs);
    }
    expect(waits).toEqual([30, 60, 120, 240]);
    expect(names().filter((name) => name === 'RotationFailed')).toHaveLength(5);
    expect(await labels(secret)).toEqual({ v1: ['AWSCURRENT'], r1: ['AWSPENDING'] });
    handlers.set('rotate', honest);
    // As the original: refused, and tried again nevertheless.
    expect(await secrets.rotations.request(secret, now('r2'))).toMatchObject({
      reason: "A previous rotation isn't complete. That rotation will be reattempted.",
    });
    await tick();
    expect(await read(secret)).toBe(`new-${token('r1')}`);
  });

  test('are not there, or have a role that is not', async () => {
    const { secrets, secret, tick, handlers, honest, told, make } = await made();
    good(await secrets.rotations.request(secret, now()));
    handlers.delete('rotate');
    handlers.set('orphan', honest);
    const other = await make('other', 'old');
    const orphan = now('o1', { functionArn: functionArn('orphan') });
    good(await secrets.rotations.request(other, orphan));
    await tick();
    const reasons = told.flatMap(({ detail }) => detail.errorMessage ?? []);
    expect(reasons.sort()).toEqual(['no such role', 'there is no function named rotate']);
  });

  test('retries end with the window', async () => {
    const { secrets, secret, tick, handlers, clock, names } = await made();
    const rules = { expression: 'rate(4 hours)', duration: '1h' };
    good(await secrets.rotations.request(secret, now('r1', { rules })));
    await tick();
    handlers.set('rotate', async () => refuse('never'));
    const windowMs = Date.UTC(2024, 4, 14, 14);
    clock.moveTo(windowMs + hourMs - 40_000);
    expect(await tick()).toBe(windowMs + hourMs - 10_000);
    clock.moveTo(windowMs + hourMs - 10_000);
    expect(await tick()).toBe(Date.UTC(2024, 4, 14, 18));
    expect(names().slice(2)).toEqual(['RotationStarted', 'RotationFailed', 'RotationFailed']);
  });
});

describe('interruptions', () => {
  test.each(steps)(
    'the server stops in %s: the step is called again, not those before',
    async (at) => {
      const { secrets, secret, start, idle, ...setup } = await made();
      const { handlers, honest, calls, server, restart, names, labels } = setup;
      handlers.set('rotate', async (event, { signal }) => {
        if (event.Step !== at) return await honest(event);
        await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
        return refuse('aborted');
      });
      good(await secrets.rotations.request(secret, now()));
      await start();
      while (calls.at(-1) !== at) await new Promise((resolve) => setImmediate(resolve));
      server.abort();
      await idle();
      expect(names()).toEqual(['RotationStarted']);
      expect(await labels(secret)).toEqual({ v1: ['AWSCURRENT'], r1: ['AWSPENDING'] });
      handlers.set('rotate', honest);
      calls.splice(0);
      restart();
      await setup.resume();
      expect(calls).toEqual(steps.slice(steps.indexOf(at)));
      expect(names()).toEqual(['RotationStarted', 'RotationSucceeded']);
    },
  );

  test('cancelled while the function runs: it is stopped, and nothing is tried again', async () => {
    const { secrets, secret, tick, start, idle, handlers, names, calls, labels } = await made();
    handlers.set('rotate', async (_, { signal }) => {
      await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
      return refuse('aborted');
    });
    good(await secrets.rotations.request(secret, now()));
    await start();
    while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const cancelled = good(await secrets.rotations.cancel(secret));
    expect(cancelled.version).toBe(token('r1'));
    await start();
    await idle();
    expect(await tick()).toBe(Infinity);
    expect(calls).toEqual(['createSecret']);
    expect(names()).toEqual(['RotationStarted', 'RotationAbandoned']);
    expect(await labels(secret)).toEqual({ v1: ['AWSCURRENT'], r1: ['AWSPENDING'] });
  });

  test('a function that takes the server down each time is given up', async () => {
    const { secrets, secret, handlers, calls, names, restart, resume } = await made();
    handlers.set('rotate', async (_, { signal }) => {
      await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
      return refuse('aborted');
    });
    good(await secrets.rotations.request(secret, now()));
    for (let i = 1; i <= 5; i += 1) {
      restart();
      await resume(() => calls.length === i);
    }
    restart();
    await resume();
    expect(calls).toHaveLength(5);
    expect(names()).toEqual(['RotationStarted', 'RotationFailed']);
  });

  test('a few run at a time, each secret by itself', async () => {
    const { secrets, make, start, idle, tick, handlers, honest, calls } = setupRotation();
    const gate: (() => void)[] = [];
    handlers.set('rotate', async (event) => {
      if (event.Step === 'createSecret') await new Promise<void>((go) => gate.push(go));
      return await honest(event);
    });
    for (let i = 0; i < 6; i += 1) {
      const secret = await make(`s${i}`, 'old');
      good(await secrets.rotations.request(secret, now(`r${i}`)));
    }
    expect(await start()).toBe(Infinity);
    while (gate.length < 4) await new Promise((resolve) => setImmediate(resolve));
    await start();
    expect(calls).toHaveLength(4);
    for (const go of gate.splice(0)) go();
    await idle();
    handlers.set('rotate', honest);
    await tick();
    expect(calls).toHaveLength(24);
  });
});
