/**
 * Whatever bytes come, in whatever protocol: a request is understood or refused with a fault of the
 * client's, in time that its size bounds. Every operation of every model takes part.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { once } from '../kernel/bytes.ts';
import { seededRandom } from '../kernel/random.ts';
import { type Chain, makeChain } from './chain.ts';
import { factsById } from './model/facts.ts';
import { loadModel } from './model/load.ts';
import { Fault } from './operation.ts';
import { protocols } from './protocols/index.ts';
import { Malformed } from './protocols/malformed.ts';
import { type Made, Maker, type Shape, shapes } from './random-requests.fixture.ts';
import { faultResponse } from './respond.ts';
import { guessProtocol } from './route.ts';

const understood = new Fault('Understood', 'as an operation would have got it', { status: 200 });
const services = [...factsById.keys()].map((service) => ({
  service,
  operations: [...loadModel(service).operations.keys()],
  needs: async () => [],
  call: async () => {
    throw understood;
  },
}));
const chain: Chain = makeChain({
  services,
  findSecret: async () => undefined,
  clock: { nowMs: () => Date.UTC(2026, 0, 2) },
  scope: { partition: 'aws', region: 'us-east-1', account: '123456789012' },
  objectDomains: ['localhost'],
  anonymous: new Set(factsById.keys()),
  authorize: async () => new Map(),
});

function headOf({ method, url, headers }: Made) {
  const cut = url.indexOf('?');
  const query = cut < 0 ? [] : [...new URLSearchParams(url.slice(cut + 1))];
  return { method, url, path: cut < 0 ? url : url.slice(0, cut), query, headers };
}

async function outcome(made: Made): Promise<Fault> {
  const head = headOf(made);
  let target: Parameters<Parameters<Chain>[0]['onTarget']>[0] | undefined;
  try {
    await chain({
      ...{ head, body: once(made.body), requestId: 'r', endpointUrl: 'http://localhost' },
      signal: new AbortController().signal,
      onTarget: (found) => {
        target = found;
      },
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // A refusal that cannot be written is none.
    const protocol = target?.protocol ?? guessProtocol(head);
    const requestId = 'r';
    faultResponse({ protocol, service: target?.service, fault: error, requestId });
    return error;
  }
  throw new Error('nothing answers here');
}

const runs: Readonly<Record<Shape, number>> = {
  ...{ json: 400, query: 250, 'rest-xml': 300, cbor: 300, noise: 300 },
};

describe('a request at random', () => {
  test.each(shapes)('%s', async (shape) => {
    let wellUnderstood = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const fault = await outcome(new Maker(seededRandom(seed)).request(shape));
        if (fault === understood) wellUnderstood += 1;
        expect(fault.code).not.toBe('InternalFailure');
      }),
      { numRuns: runs[shape] },
    );
    // Or else this tests the first check alone.
    if (shape !== 'noise') expect(wellUnderstood).toBeGreaterThan(0);
  });
});

test.each(Object.values(protocols))(
  '$id: an operation is read, or what came is malformed',
  (one) => {
    const operations = [...factsById.keys()].flatMap((id) => [
      ...loadModel(id).operations.values(),
    ]);
    const bound = operations.filter(
      ({ http }) => one.id.startsWith('rest-') === (http !== undefined),
    );
    let read = 0;
    fc.assert(
      fc.property(fc.constantFrom(...bound), fc.integer(), (operation, seed) => {
        const request = new Maker(seededRandom(seed)).bound(operation);
        try {
          one.decode(operation, request);
          read += 1;
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
      }),
      { numRuns: 300 },
    );
    expect(read).toBeGreaterThan(0);
  },
);
