/** The service over stores in memory, called without the wire; the clock moves when told. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeEventBus } from '../../engines/events/bus.ts';
import { makeSeries } from '../../engines/series/series.ts';
import type { TopicMessage } from '../../engines/topics/publisher.ts';
import { makeAlarmLoop } from '../../jobs/alarms/alarm-loop.ts';
import { formatArn } from '../../kernel/arn.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Call } from '../../wire/operation.ts';
import type { CloudWatchCtx } from './context.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const startMs = Date.UTC(2026, 0, 5, 10);
export const topic = formatArn(scope, 'sns', 'ops');

export function setup(nowMs = startMs) {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(nowMs);
  const series = makeSeries({ store, clock });
  const woken: string[] = [];
  const wake = (name: string) => void woken.push(name);
  const call: Call = {
    scope,
    requestId: 'r',
    signal: new AbortController().signal,
    headers: {},
    url: '/',
    endpointUrl: 'http://127.0.0.1',
    checksums: {},
    caller: {
      accessKeyId: 'A',
      userId: 'U',
      account: scope.account,
      arn: formatArn({ ...scope, region: '' }, 'iam', 'root'),
    },
  };
  const parts = { store, series, clock, wake };
  const ctx: CloudWatchCtx = { ...call, ...parts };
  const sent: TopicMessage[] = [];
  const loop = makeAlarmLoop({
    store,
    series,
    clock,
    log: silentLogger,
    // Topics that are not there have no policy to ask.
    access: { refusalOf: async () => undefined, assumedBy: async () => refuse('no role') },
    topics: {
      find: async () => undefined,
      publish: async (_, message) => {
        sent.push(message);
        return ok({ messageId: '1' });
      },
    },
    events: makeEventBus({ clock, random: seededRandom(1), log: silentLogger }),
  });
  return { ctx, parts, clock, series, loop, woken, sent };
}

/** What a client would see of a refusal. */
export async function refusal(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await call;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  throw new Error('was not refused');
}
