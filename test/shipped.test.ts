/**
 * What is shipped besides our own code: the bill of materials agrees with the lockfile, every licence is
 * one that may be shipped, docs/licences.md says so, and nothing runs at installation. Asks no registry.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';

interface Shipped {
  readonly name: string;
  readonly version: string;
  readonly licence?: string;
  readonly optional: boolean;
  readonly integrity?: string;
  readonly deprecated?: string;
  readonly installScript: boolean;
}

interface LockEntry {
  readonly version: string;
  readonly dev?: boolean;
  readonly integrity?: string;
}

interface Bill {
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly purl: string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
    readonly licenses?: readonly object[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Loaded as node loads it: it reads the repository by its own path. */
const load = (name: string) =>
  import(pathToFileURL(join(process.cwd(), 'tools', `${name}.mjs`)).href);
const { shippedPackages, isAllowed } = await load('shipped');
const { billOfMaterials } = await load('sbom');
const shipped: readonly Shipped[] = shippedPackages();
const bill: Bill = billOfMaterials();

const lock: Record<string, LockEntry> = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
).packages;
const production = Object.entries(lock).filter(([place, { dev }]) => place !== '' && !dev);
const referenceOf = (place: string, version: string) =>
  `${place.replace(/^.*node_modules\//, '')}@${version}`;

describe('the bill of materials', () => {
  test('names what the lockfile installs, and nothing else', () => {
    const wanted = production.map(([place, { version }]) => referenceOf(place, version));
    const named = bill.components.map((one) => one['bom-ref']);
    expect(named.length).toBeGreaterThan(50);
    expect(new Set(named)).toEqual(new Set(wanted));
    expect(new Set(named).size).toBe(named.length);
  });

  test('has the digests of the lockfile', () => {
    const told = new Map(bill.components.map((one) => [one['bom-ref'], one.hashes?.[0]]));
    for (const [place, { version, integrity }] of production) {
      const hash = told.get(referenceOf(place, version));
      const digest = hash && Buffer.from(hash.content, 'hex').toString('base64');
      const written = hash && `${hash.alg.toLowerCase().replace('-', '')}-${digest}`;
      expect(written, place).toBe(integrity);
    }
  });

  test('leads from Modelkeep to every package', () => {
    const edges = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const [start = ''] = edges.keys();
    const reached = new Set<string>();
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const next = edges.get(at);
      expect(next, `${at} has an entry`).toBeDefined();
      for (const ref of next ?? []) {
        if (!reached.has(ref)) open.push(ref);
        reached.add(ref);
      }
    }
    expect(reached).toEqual(new Set(bill.components.map((one) => one['bom-ref'])));
  });

  test('is the same each time, and gives every package a licence and an address', () => {
    expect(billOfMaterials()).toEqual(bill);
    expect(bill.components.filter((one) => !one.licenses?.length)).toEqual([]);
    const address = /^pkg:npm\/(%40[a-z0-9._-]+\/)?[a-z0-9._-]+@\d+\.\d+\.\d+[\w.-]*$/i;
    expect(bill.components.filter((one) => !address.test(one.purl))).toEqual([]);
  });
});

describe('licences', () => {
  test('every one may be shipped', () => {
    expect(shipped.filter((one) => !isAllowed(one))).toEqual([]);
  });

  test('docs/licences.md is what `node tools/licences.mjs` writes', async () => {
    const { licencesText } = await load('licences');
    expect(readFileSync('docs/licences.md', 'utf8')).toBe(licencesText());
  });

  test.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['MIT AND ISC', true],
    ['MIT AND GPL-3.0-only', false],
    ['GPL-3.0-only', false],
    ['MPL-2.0', false],
    ['SEE LICENSE IN LICENSE.md', false],
    ['(MIT OR (GPL-2.0 AND ISC))', false],
    [undefined, false],
  ])('%s: %s', (licence, allowed) => {
    expect(isAllowed({ name: 'some-package', licence })).toBe(allowed);
  });

  test('an exception is for one package and one licence', () => {
    const name = '@jmespath-community/jmespath';
    expect(isAllowed({ name, licence: 'MPL-2.0' })).toBe(true);
    expect(isAllowed({ name, licence: 'AGPL-3.0-only' })).toBe(false);
  });
});

describe('what is installed', () => {
  test('runs nothing at installation but a check of versions that changes and fetches nothing', () => {
    const running = shipped.filter((one) => one.installScript).map((one) => one.name);
    expect(running).toEqual(['protobufjs']);
  });

  test('is not given up by those who made it', () => {
    expect(shipped.filter((one) => one.deprecated !== undefined)).toEqual([]);
  });

  test('has a digest, but for binaries of platforms that the registry did not have', () => {
    const without = shipped.filter((one) => one.integrity === undefined);
    expect(without.filter((one) => !one.optional)).toEqual([]);
  });
});

describe('advisories', () => {
  const asked = async (told: unknown) => {
    const { verdictOf } = await load('advisories');
    return verdictOf(typeof told === 'string' ? told : JSON.stringify(told));
  };

  test('high and critical ones are named, others are counted', async () => {
    const via = [{ title: 'reads too far', url: 'https://example.org/1' }];
    const verdict = await asked({
      vulnerabilities: {
        one: { name: 'one', severity: 'high', via },
        two: { name: 'two', severity: 'critical', via: ['one'] },
        three: { name: 'three', severity: 'moderate', via: [] },
      },
    });
    expect(verdict).toEqual({
      checked: true,
      severe: ['one: high: reads too far https://example.org/1', 'two: critical: one'],
      others: 1,
    });
  });

  test('none is a verdict too', async () => {
    expect(await asked({ vulnerabilities: {} })).toEqual({ checked: true, severe: [], others: 0 });
  });

  test.each([
    [{ message: '405 Method Not Allowed - POST https://example.org', statusCode: 405 }, /^405 /],
    [{ error: { code: 'ENOAUDIT', summary: 'not supported' } }, /^not supported$/],
    ['<html>', /no JSON: <html>/],
    ['', /no JSON/],
  ])('a registry that does not tell is no clean bill: %j', async (told, reason) => {
    expect(await asked(told)).toEqual({ checked: false, reason: expect.stringMatching(reason) });
  });
});
