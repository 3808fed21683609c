/** A trail in memory, sealed by nothing, and records for it. For the tests of this folder. */
import { memoryJournals } from '../../adapters/memory/journals.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { memoryObjectStore } from '../../adapters/memory/object-store.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Journals } from '../../ports/journals.ts';
import type { TrailEvent } from './event.ts';
import { isoSeconds } from './identity.ts';
import { type KeptTrail, makeTrail, type TrailParts } from './make-trail.ts';

export const startMs = Date.UTC(2026, 0, 5, 10);
export const account = '111122223333';

export interface TestTrail {
  readonly trail: KeptTrail;
  readonly clock: VirtualClock;
  readonly parts: TrailParts;
  /** Records events with these members, a second after each other; answers their ids. */
  record(...given: readonly Partial<TrailEvent>[]): Promise<readonly string[]>;
  /** Another trail over the same data, as after a restart. */
  restarted(): TestTrail;
  tick(): Promise<number>;
}

export function testTrail(over: Partial<TrailParts> = {}): TestTrail {
  const clock = new VirtualClock(startMs);
  const parts: TrailParts = {
    journals: memoryJournals(),
    blobs: memoryObjectStore(),
    store: memoryMetadataStore(),
    random: seededRandom(3),
    log: silentLogger,
    clock,
    ...over,
  };
  return overParts(parts, clock);
}

function overParts(parts: TrailParts, clock: VirtualClock): TestTrail {
  const trail = makeTrail(parts);
  let recorded = 0;
  return {
    trail,
    clock,
    parts,
    async record(...given) {
      const ids: string[] = [];
      for (const members of given) {
        clock.moveTo(clock.nowMs() + 1_000);
        recorded += 1;
        const event = eventOf(clock.nowMs(), { eventID: `event-${recorded}`, ...members });
        await trail.record(event);
        ids.push(event.eventID);
      }
      return ids;
    },
    restarted: () => overParts({ ...parts, random: seededRandom(4) }, clock),
    tick: () => trail.loop.tick(clock.nowMs(), { signal: new AbortController().signal }),
  };
}

export function eventOf(nowMs: number, members: Partial<TrailEvent> = {}): TrailEvent {
  return {
    eventVersion: '1.11',
    userIdentity: { type: 'IAMUser', userName: 'ada', accessKeyId: 'AKIAADA', accountId: account },
    eventTime: isoSeconds(nowMs),
    eventSource: 'sagemaker.amazonaws.com',
    eventName: 'CreateEndpoint',
    awsRegion: 'eu-west-1',
    sourceIPAddress: '192.0.2.1',
    requestParameters: null,
    responseElements: null,
    requestID: 'request',
    eventID: 'event',
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: 'Management',
    ...members,
  };
}

/** Journals on a disk that is full whenever `full` is set. */
export function fullableJournals(): Journals & { full: boolean } {
  const inner = memoryJournals();
  const noSpace = () => Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  const made = {
    ...inner,
    full: false,
    async open(name: string) {
      const journal = await inner.open(name);
      return {
        name,
        get sizeBytes() {
          return journal.sizeBytes;
        },
        async append(bytes: Uint8Array) {
          if (made.full) throw noSpace();
          await journal.append(bytes);
        },
        read: () => journal.read(),
        truncate: (sizeBytes: number) => journal.truncate(sizeBytes),
        remove: () => journal.remove(),
      };
    },
  };
  return made;
}
