/**
 * `node first.mjs FOLDER`: opens the store, decides about one user in a process that has decided
 * nothing before, and prints how many milliseconds the first decisions took, as JSON.
 */
import { makeAccess } from '../../dist/engines/access/authorizer.js';
import { makeIdentitySpace } from '../../dist/engines/identity/space.js';
import { silentLogger } from '../../dist/kernel/log.js';
import { account, userId, userName } from './population.mjs';
import { openStored } from './stored.mjs';

const DECISIONS = 20;
const store = await openStored(process.argv[2]);
const clock = { nowMs: () => Date.now() };
const access = makeAccess({
  ...{ partition: 'aws', space: makeIdentitySpace(store), clock, log: silentLogger },
});
// As the server does when it has started.
await access.prepare();
const timesMs = [];
for (let at = 0; at < DECISIONS; at++) {
  // Another user each time: nothing of theirs was read before.
  const which = 4_321 + at * 101;
  const arn = `arn:aws:iam::${account}:user/${userName(which)}`;
  const caller = { accessKeyId: 'AKIA', arn, userId: userId(which), account };
  const facts = { nowMs: clock.nowMs(), region: 'eu-west-1', secure: true };
  const resource = `arn:aws:sagemaker:eu-west-1:${account}:endpoint/churn`;
  const start = performance.now();
  const check = { action: 'sagemaker:InvokeEndpoint', resource };
  const refused = await access.refusalOf(check, { caller, facts });
  timesMs.push(performance.now() - start);
  if (refused) throw new Error(refused.message);
}
await store.close();
console.log(JSON.stringify(timesMs));
