/** Which launcher an image goes to. */
import { expect, test } from 'vitest';
import { ok } from '../kernel/outcome.ts';
import type { JobSpec, Launcher, ServeSpec } from '../ports/launcher.ts';
import { firstOf } from './launchers.ts';

function taking(prefix: string, exitCode: number): Launcher {
  return {
    accepts: (image) => image.startsWith(prefix),
    serve: async () => ({ ok: false, reason: prefix }),
    run: async () => ok({ exitCode, timedOut: false, stopped: false }),
  };
}

const launcher = firstOf([taking('http', 1), taking('h', 2)]);
const job = (image: string) => launcher.run({ image } as JobSpec);

test('the first that takes an image gets it', async () => {
  expect(await job('http://x')).toMatchObject({ value: { exitCode: 1 } });
  expect(await job('hub/x')).toMatchObject({ value: { exitCode: 2 } });
  expect(await launcher.serve({ image: 'hub/x' } as ServeSpec)).toMatchObject({ reason: 'h' });
});

test('an image that none takes is refused with what can be done', async () => {
  expect([launcher.accepts('hub'), launcher.accepts('other')]).toEqual([true, false]);
  const reason = expect.stringMatching(/^nothing here runs the image other: .*"images"/);
  expect(await job('other')).toEqual({ ok: false, reason });
  expect(await launcher.serve({ image: 'other' } as ServeSpec)).toEqual({ ok: false, reason });
});
