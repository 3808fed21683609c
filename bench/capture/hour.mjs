/** An hour of requests through the spool by a clock of the bench's own: how many objects they become. */
import { defaultSpoolLimits, Spool } from '../../dist/engines/capture/spool.js';
import { seededRandom } from '../../dist/kernel/random.js';

const hourSeconds = 3_600;
const secondMs = 1_000;
const target = { destinationUri: 's3://b/p', endpointName: 'Churn', variantName: 'AllTraffic' };

/** Journals that only count: an hour of records is gigabytes. */
function countingJournals() {
  const made = new Map();
  return {
    names: async () => [...made.keys()],
    async close() {},
    async open(name) {
      const journal = {
        name,
        sizeBytes: 0,
        async append(bytes) {
          journal.sizeBytes += bytes.length;
        },
        async remove() {
          made.delete(name);
        },
      };
      made.set(name, journal);
      return journal;
    },
  };
}

/** Sizes of the objects of one hour. */
export async function objectsOfAnHour({ perSecond, lineBytes }) {
  const spool = new Spool({
    ...{ journals: countingJournals(), random: seededRandom(1), limits: defaultSpoolLimits },
    onChange: () => {},
  });
  const line = `${'x'.repeat(lineBytes - 1)}\n`;
  const startMs = Date.UTC(2026, 0, 5, 10);
  const sizes = [];
  for (let second = 0; second <= hourSeconds + defaultSpoolLimits.maxAgeMs / secondMs; second++) {
    const nowMs = startMs + second * secondMs;
    const kept = [];
    for (let number = 0; second < hourSeconds && number < perSecond; number++) {
      kept.push(spool.append(target, nowMs, line));
    }
    const isKept = await Promise.all(kept);
    if (isKept.includes(false)) throw new Error(`the spool was full in second ${second}`);
    for (const journal of await spool.sealDue(nowMs)) {
      sizes.push(journal.sizeBytes);
      await spool.done(journal);
    }
  }
  return sizes;
}
