/** A process lets go of a server after its last request, and says which change it knew by then. */
import { beforeEach, expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import type { Released, ToldEndpoint } from './messages.ts';
import { FleetMirror } from './mirror.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const key = '111122223333/eu-west-1/Churn';

function told(instanceId: string, url = 'http://127.0.0.1:1/invocations'): ToldEndpoint {
  const variant = {
    ...{ name: 'A', modelName: 'm', weight: 1, instanceCount: 1, instanceId, image: 'i' },
    ...{ startTimeoutMs: 1, downloadTimeoutMs: 1, environment: {} },
  };
  return { key, name: 'Churn', arn: 'a', scope, variants: [{ variant, url }], shadows: [] };
}

let released: Released[];
let mirror: FleetMirror;
const instance = () => defined(mirror.fleet.live(key)?.variants[0], 'a variant').instance;
const turn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  released = [];
  mirror = new FleetMirror((one) => released.push(one));
  mirror.apply({ version: 1, routed: [told('i1')], withdrawn: [] });
});

test('an idle server is let go of with the change that takes it away', async () => {
  mirror.apply({ version: 2, routed: [told('i2')], withdrawn: [] });
  await turn();
  expect(released).toEqual([{ instanceId: 'i1', version: 2 }]);
  mirror.apply({ version: 3, routed: [], withdrawn: [key] });
  await turn();
  expect(mirror.fleet.live(key)).toBeUndefined();
  expect(released.at(-1)).toEqual({ instanceId: 'i2', version: 3 });
});

test('a busy one is held until its last request has ended', async () => {
  const busy = instance();
  busy.enter();
  busy.enter();
  mirror.apply({ version: 2, routed: [told('i2')], withdrawn: [] });
  busy.leave();
  await turn();
  expect(released).toEqual([]);
  busy.leave();
  await turn();
  expect(released).toEqual([{ instanceId: 'i1', version: 2 }]);
});

test('one that is routed to again meanwhile is kept, and counts on', async () => {
  const busy = instance();
  busy.enter();
  mirror.apply({ version: 2, routed: [told('i2')], withdrawn: [] });
  mirror.apply({ version: 3, routed: [told('i1')], withdrawn: [] });
  await turn();
  expect(instance()).toBe(busy);
  busy.leave();
  await turn();
  expect(released).toEqual([{ instanceId: 'i2', version: 3 }]);
  mirror.apply({ version: 4, routed: [], withdrawn: [key] });
  await turn();
  expect(released.at(-1)).toEqual({ instanceId: 'i1', version: 4 });
});

test('a server that was started again is asked at its new address', () => {
  mirror.moved({ instanceId: 'i1', url: 'http://127.0.0.1:2/invocations' });
  expect(instance().server.invocationsUrl.port).toBe('2');
  mirror.moved({ instanceId: 'gone', url: 'http://127.0.0.1:3/invocations' });
  expect(instance().server.invocationsUrl.port).toBe('2');
});
