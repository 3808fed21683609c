/**
 * The server of `trail.mjs`: `node server.mjs FOLDER MODEL-PORT` prints `serving PORT PORT`, of the door
 * with the trail and of the one without. Metadata in its database, journals and stretches sealed in
 * files, as users have them. Asked to end, it seals what it has and says what that was.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileJournals } from '../../dist/adapters/files/journals.js';
import { fileObjectStore } from '../../dist/adapters/files/object-store.js';
import { folderTemporaryFiles } from '../../dist/adapters/files/temporary-files.js';
import { systemClock, systemRandom } from '../../dist/adapters/system/system.js';
import { keyringOf } from '../../dist/engines/envelope/keyring.js';
import { sealedJournals } from '../../dist/engines/sealing/sealed-journals.js';
import { sealedObjects } from '../../dist/engines/sealing/sealed-objects.js';
import { makeSealer } from '../../dist/engines/sealing/sealer.js';
import { makeTrail } from '../../dist/engines/trail/make-trail.js';
import { openMetadata } from '../../dist/server/metadata.js';
import { account, credentials, servedParts, strictLog } from '../support/parts.mjs';

const [folder, modelPort] = process.argv.slice(2);
const keyring = keyringOf([systemRandom.bytes(32)]);
const data = mkdtempSync(join(folder, 'data-'));
mkdirSync(join(data, 'metadata'), { recursive: true });
const store = await openMetadata(join(data, 'metadata'), keyring);
const trail = await openedTrail();
const caller = {
  ...{ accessKeyId: credentials.accessKeyId, userId: account, account },
  arn: `arn:aws:iam::${account}:root`,
};
const doors = [
  await servedParts({ store, caller, modelPort, trail }),
  await servedParts({ store, caller, modelPort }),
];
process.once('SIGTERM', () => void end());
console.log(['serving', ...doors.map(({ port }) => port)].join(' '));

/** Its loop is run whenever it asks to be. */
async function openedTrail() {
  const sealing = { keyring, random: systemRandom };
  const journals = sealedJournals(
    await fileJournals(join(data, 'journals')),
    makeSealer({ ...sealing, purpose: 'journals' }),
  );
  const temporaryFiles = folderTemporaryFiles(join(data, 'temporary'));
  const blobs = sealedObjects(await fileObjectStore(join(data, 'trail')), {
    ...sealing,
    temporaryFiles,
  });
  const { signal } = new AbortController();
  const wake = () => setImmediate(() => void made.loop.tick(systemClock.nowMs(), { signal }));
  const parts = { journals, blobs, store, clock: systemClock, random: systemRandom, wake };
  const made = makeTrail({ ...parts, log: strictLog });
  made.chooseData(({ resourceType }) => resourceType === 'AWS::SageMaker::Endpoint');
  return made;
}

async function end() {
  for (const door of doors) await door.close();
  await trail.seal();
  const sealed = await trail.stretches(undefined, 1_000);
  const records = sealed.reduce((sum, { count }) => sum + count, 0);
  console.log(`${records} records in ${sealed.length} stretches`);
  await store.close();
  process.exit(0);
}
