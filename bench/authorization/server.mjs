/**
 * The server of `authorization.mjs`: `node server.mjs DATA MODEL-PORT` prints `serving PORT PORT`, of the
 * door with authorization and of the one without. The caller is one of the 10,000 users, with what
 * policies it has.
 */
import { credentials, servedParts } from '../support/parts.mjs';
import { account, userId, userName } from './population.mjs';
import { openStored } from './stored.mjs';

const [data, modelPort] = process.argv.slice(2);
const store = await openStored(data);
const caller = {
  ...{ accessKeyId: credentials.accessKeyId, userId: userId(42), account },
  arn: `arn:aws:iam::${account}:user/${userName(42)}`,
};
const doors = [
  await servedParts({ store, caller, modelPort }),
  await servedParts({ store, caller, modelPort, authorized: false }),
];
process.once('SIGTERM', async () => {
  for (const door of doors) await door.close();
  await store.close();
  process.exit(0);
});
console.log(['serving', ...doors.map(({ port }) => port)].join(' '));
