/**
 * The parts of a server that DescribeEndpoint and InvokeEndpoint go through, put together as
 * `modelkeep up` does but for those that are left out: so can be told what one of them costs.
 */
import { createServer } from 'node:http';
import { undiciForwarder } from '../../dist/adapters/forwarder/forwarder.js';
import { memoryJournals } from '../../dist/adapters/memory/journals.js';
import { systemClock, systemRandom } from '../../dist/adapters/system/system.js';
import { makeAccess } from '../../dist/engines/access/authorizer.js';
import { Spool } from '../../dist/engines/capture/spool.js';
import { makeEventBus } from '../../dist/engines/events/bus.js';
import { RequestCounters } from '../../dist/engines/hosting/counters.js';
import { Fleet, Instance } from '../../dist/engines/hosting/fleet.js';
import { hostedArn, hostedKey } from '../../dist/engines/hosting/names.js';
import { endpoints } from '../../dist/engines/hosting/rows.js';
import { makeIdentitySpace } from '../../dist/engines/identity/space.js';
import { makeGateway } from '../../dist/gateway/gateway.js';
import { makeAuthorize, makeInvokeAuthorize } from '../../dist/server/authorize.js';
import { makeTrailCalls } from '../../dist/server/trail-calls.js';
import { hostingPermissions } from '../../dist/services/sagemaker/hosting-permissions.js';
import { hostingOperations } from '../../dist/services/sagemaker/index.js';
import { makeListener } from '../../dist/wire/listener.js';
import { mount } from '../../dist/wire/operation.js';
import { signedJson, signedRequest } from './signing.mjs';

export const account = '111122223333';
const scope = { partition: 'aws', region: 'eu-west-1', account };
const endpointName = 'Churn';
export const credentials = {
  ...{ accessKeyId: 'AKIABENCH', secretAccessKey: 'a-secret-for-the-bench' },
};
const failing = (message, cause) => {
  throw new Error(message, { cause });
};
/** Nothing may go wrong unseen: what fails is quick. */
export const strictLog = { info: () => {}, warn: failing, error: failing };

/**
 * Listens on loopback; resolves with `{ port, close() }`. `caller` is who every request is by;
 * without `trail` none is kept, and with `authorized: false` policies are not asked.
 */
export async function servedParts({ store, caller, modelPort, trail, authorized = true }) {
  const [clock, random, log] = [systemClock, systemRandom, strictLog];
  const access = makeAccess({ partition: 'aws', space: makeIdentitySpace(store), clock, log });
  const forwarder = undiciForwarder();
  const fleet = await routedFleet(store, modelPort);
  const signer = { secretAccessKey: credentials.secretAccessKey, caller };
  const findSecret = async (id) => (id === credentials.accessKeyId ? signer : undefined);
  const events = makeEventBus({ clock, random, log });
  const calls = trail && makeTrailCalls({ trail, events, clock, random, log });
  const hosting = { operations: hostingOperations, permissions: hostingPermissions };
  const listener = makeListener({
    services: [
      mount('sagemaker', hosting, { access, store, clock, random, fleet, wake: () => {} }),
    ],
    ...{ findSecret, clock, scope, random, log, objectDomains: [] },
    authorize: authorized ? makeAuthorize({ access, clock }) : async () => new Map(),
    ...(calls ? { audit: calls.audit } : {}),
  });
  const limits = { maxAgeMs: 60_000, maxSizeBytes: 5_000_000, maxTotalBytes: 100_000_000 };
  const gateway = makeGateway({
    ...{ findSecret, store, fleet, forwarder, random, clock, wallClock: clock, log },
    counters: new RequestCounters(),
    spool: new Spool({ journals: memoryJournals(), random, limits, onChange: () => {} }),
    authorize: authorized ? makeInvokeAuthorize({ access }) : async () => {},
    ...(calls ? { audit: calls.invocations } : {}),
  });
  const server = createServer((request, response) => {
    if (gateway.matches(request)) void gateway.handle(request, response);
    else void listener(request, response);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: server.address().port,
    async close() {
      server.closeAllConnections();
      server.close();
      await forwarder.close();
    },
  };
}

/** A fleet of one endpoint, in service before the model server. */
async function routedFleet(store, modelPort) {
  const fleet = new Fleet();
  const variant = {
    ...{ name: 'AllTraffic', weight: 1, modelName: 'm', instanceId: 'i', instanceCount: 1 },
    ...{ startTimeoutMs: 1_000, downloadTimeoutMs: 1_000, image: 'img', environment: {} },
  };
  const instance = new Instance('i', {
    invocationsUrl: new URL(`http://127.0.0.1:${modelPort}/invocations`),
    healthy: async () => true,
    usage: async () => undefined,
    stop: async () => {},
  });
  const name = endpointName;
  const key = hostedKey(scope, name);
  const arn = hostedArn(scope, 'endpoint', name);
  fleet.route({ key, name, arn, scope, variants: [{ variant, instance }], shadows: [] });
  const active = { configName: 'c', variants: [variant], shadows: [], startedAtMs: 0 };
  const row = {
    ...{ name, arn, scope, status: 'InService', configName: 'c', active },
    ...{ createdAtMs: 0, modifiedAtMs: 0, generation: 1 },
  };
  await store.write((tx) => tx.put(endpoints, key, row));
  return fleet;
}

/** By operation: what the servers above are asked, signed. */
export async function partsRequests(port) {
  const server = { port, credentials, region: scope.region };
  return {
    DescribeEndpoint: await signedJson(server, {
      ...{ service: 'sagemaker', target: 'SageMaker.DescribeEndpoint' },
      input: { EndpointName: endpointName },
    }),
    InvokeEndpoint: await signedRequest(server, {
      ...{ service: 'sagemaker', path: `/endpoints/${endpointName}/invocations` },
      headers: { 'content-type': 'text/csv' },
      body: '39,13,2174,0,40',
    }),
  };
}
