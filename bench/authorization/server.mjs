/**
 * A server of its own for each side of `authorization.mjs`: `node server.mjs DATA on|off MODEL-PORT`
 * prints `serving PORT`. The caller is one of the 10,000 users, with what policies it has.
 */
import { credentials, servedParts } from '../support/parts.mjs';
import { account, userId, userName } from './population.mjs';
import { openStored } from './stored.mjs';

const [data, side, modelPort] = process.argv.slice(2);
const store = await openStored(data);
const caller = {
  ...{ accessKeyId: credentials.accessKeyId, userId: userId(42), account },
  arn: `arn:aws:iam::${account}:user/${userName(42)}`,
};
const server = await servedParts({ store, caller, modelPort, authorized: side === 'on' });
process.once('SIGTERM', async () => {
  await server.close();
  await store.close();
  process.exit(0);
});
console.log(`serving ${server.port}`);
