/**
 * Making pairs of a private and a public key, off the main thread, a few at a time: long RSA keys
 * take seconds, and the threads that make them also read files. Not where keys are kept.
 */
import { generateKeyPair, type KeyPairKeyObjectResult } from 'node:crypto';
import { promisify } from 'node:util';
import { AssertionFailure } from '../../../kernel/assert.ts';
import { type PairSpec, specs } from './specs.ts';

export interface Pair {
  /** PKCS#8 DER; whoever asked clears it. */
  readonly privateKey: Buffer;
  /** SPKI DER. */
  readonly publicKey: Buffer;
}

export type MakePair = (spec: PairSpec) => Promise<Pair>;

/** Pairs in the making at once, over the whole server; the rest wait their turn. */
const pairsAtOnce = 2;
/** Callers that wait; more than these are refused. */
const waitingLimit = 64;

/** Thrown when too many pairs are asked for at once. */
export class PairsBusy extends Error {
  override readonly name = 'PairsBusy';
}

const generate = promisify(generateKeyPair);

/** A pair right away, for those who bound their number themselves. */
export async function makePair(spec: PairSpec): Promise<Pair> {
  const { privateKey, publicKey } = await generated(spec);
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
  };
}

function generated(spec: PairSpec): Promise<KeyPairKeyObjectResult> {
  const facts = specs[spec];
  switch (facts.kind) {
    case 'rsa':
      return generate('rsa', { modulusLength: facts.modulusBits });
    case 'ecc':
      return generate('ec', { namedCurve: facts.curve });
    case 'ed25519':
      return generate('ed25519');
    default:
      throw new AssertionFailure(`${spec} is not a pair of keys`);
  }
}

export function makePairMaker(make: MakePair = makePair): MakePair {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (spec) => {
    if (running >= pairsAtOnce) {
      if (waiting.length >= waitingLimit) throw new PairsBusy('too many key pairs at once');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await make(spec);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

/** Of the whole server: keys, data keys and wrapping keys take their turns together. */
export const madePair: MakePair = makePairMaker();
