/**
 * The laws of the house, as a test. Reads every source file once.
 * Fails closed: a layer with no files, or an import it cannot resolve, is an error.
 * What it says no to is fixed in the code, never here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** Layer -> layers it may import. A layer may always import itself, unless it is an island. */
const layers: Record<string, readonly string[]> = {
  kernel: [],
  ports: ['kernel'],
  engines: ['kernel', 'ports'],
  adapters: ['kernel', 'ports'],
  jobs: ['kernel', 'ports', 'engines'],
  wire: ['kernel'],
  services: ['kernel', 'ports', 'engines', 'jobs', 'wire'],
  gateway: ['kernel', 'ports', 'engines', 'wire'],
  server: ['kernel', 'ports', 'engines', 'jobs', 'adapters', 'wire', 'services', 'gateway'],
  cli: ['kernel', 'server'],
};

/** Layers whose folders may not import one another; engines name their few exceptions. */
const islands: Record<string, readonly string[]> = {
  adapters: [],
  services: [],
  engines: [
    // drift distances are functions of a profile's sketches and counts
    'quality->profile',
    // a report compares two profiles with the drift distances
    'report->profile',
    'report->quality',
    // topics deliver into queues, and both match filter policies
    'topics->patterns',
    // a window is laid out by the schedule's cadence
    'monitoring->cron',
    // drift is measured over the sketches of a profile, with the distances of the monitor
    'drift->profile',
    'drift->quality',
    // the comparison of two files shows every measure of drift
    'report->drift',
    // a run of a schedule is a processing job that knows its kind of monitor
    'processing->monitoring',
    // whether a caller may do a thing is decided by policies, over who there is
    'access->policy',
    'access->identity',
    // jobs see objects as their role may use them
    'access->objects',
    // passwords, trust and rights of principals are written as policies
    'identity->policy',
    // a role that is made from activities is proven by deciding on its policies
    'personas->policy',
    // an audit reads who there is, and judges what their policies let them do
    'posture->identity',
    'posture->policy',
    // what is kept is sealed under keys of the server's ring
    'sealing->envelope',
    // root key and ring are kept in envelopes, under what unseals them
    'unsealing->envelope',
    // objects are kept sealed, under keys of their own where that is wanted
    'objects->sealing',
    // a managed key's bytes are kept in envelopes, and its ciphertexts are built as they are
    'keys->envelope',
    // who may use a key is said by its policy and grants
    'keys->policy',
    // objects and secrets are sealed under managed keys
    'objects->keys',
    'secrets->keys',
    // values are longer than what keys seal: each is in an envelope under a data key
    'secrets->envelope',
    // whether a role may read an object depends on the key it is sealed under
    'access->keys',
    // a secret's policy must not let in the public
    'secrets->policy',
    // stretches of the trail are sealed, and keys that sign it are kept in envelopes
    'trail->sealing',
    'trail->envelope',
  ],
};

const mayUsePackages = new Set(['adapters', 'wire']);
const budget = { fileLines: 500, functionLines: 70, columns: 100 };
const never = () => false;
const banned: readonly (readonly [RegExp, string, (path: string) => boolean])[] = [
  [/\bprocess\.env\b/, 'only server/config.ts may', (p) => p === 'server/config.ts'],
  [
    /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    'take a Clock',
    (p) => p.startsWith('adapters/'),
  ],
  [
    /\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/,
    'take a Random',
    (p) => p.startsWith('adapters/'),
  ],
  [/\bconsole\./, 'take a Logger', (p) => p.startsWith('cli/')],
  [/['"`]arn:/, 'use formatArn()', (p) => p === 'kernel/arn.ts'],
  [
    /^export default\b|^\s*(export )?(const )?enum\b|: any\b|\bas any\b|<any\b/,
    'no any, enum, default',
    never,
  ],
  [/\w!(\.|\[|;|\)|,|$)/, 'no non-null assertion: use defined()', (p) => p.startsWith('kernel/')],
  [/\b(it|test|describe)\.(only|todo)\b/, 'no only, no todo', never],
];

const importPattern = /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;
const typeImport = /^import type [^;]*?from ['"]([^'"]+)['"]/gms;
const topFunction = /^(?:export )?(?:async )?function\*? (\w+)/;
const isTest = (path: string) => /\.(test|contract|cases|fixture)\.ts$/.test(path);

export function tidy(root: string): string[] {
  const errors: string[] = [];
  const seen = new Map(Object.keys(layers).map((layer) => [layer, 0]));
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts') || entry.endsWith('.d.ts')) continue;
    checkFile(root, normalize(entry), seen, errors);
  }
  for (const [layer, count] of seen) if (count === 0) errors.push(`${layer}: no files seen`);
  return errors;
}

function checkFile(root: string, path: string, seen: Map<string, number>, errors: string[]): void {
  const layer = path.split('/')[0] ?? '';
  if (!seen.has(layer)) return void errors.push(`${path}: not in any layer`);
  seen.set(layer, (seen.get(layer) ?? 0) + 1);
  const text = readFileSync(join(root, path), 'utf8');
  const lines = text.split('\n');
  if (!/^(#!.*\n)?\/\*\*/.test(text)) errors.push(`${path}: says nothing about itself`);
  if (lines.length > budget.fileLines) errors.push(`${path}: ${lines.length} lines`);
  checkLines(path, lines, errors);
  const onlyTypes = new Set([...text.matchAll(typeImport)].map(([, target]) => target));
  for (const [, target = ''] of text.matchAll(importPattern)) {
    checkImport({ root, path, target, typeOnly: onlyTypes.has(target) }, errors);
  }
}

function checkLines(path: string, lines: readonly string[], errors: string[]): void {
  let open: { name: string; at: number } | undefined;
  lines.forEach((line, at) => {
    const wide = [...line].length > budget.columns && !line.includes('https://');
    if (wide) errors.push(`${path}:${at + 1}: too wide`);
    const code = line.replace(/(['"`])(?:\\.|(?!\1).)*\1/g, (s) =>
      s.startsWith("'arn:") ? s : "''",
    );
    for (const [pattern, why, allowed] of banned) {
      const subject = why.startsWith('use formatArn') ? line : code.replace(/\/\/.*$/, '');
      if (/^\s*\*|^\s*\/\*/.test(line)) continue;
      if (
        pattern.test(subject) &&
        !allowed(path) &&
        !(isTest(path) && why !== 'no only, no todo')
      ) {
        errors.push(`${path}:${at + 1}: ${why}`);
      }
    }
    const name = topFunction.exec(line)?.[1];
    if (name) open = { name, at };
    if (line === '}' && open) {
      const length = at - open.at + 1;
      if (length > budget.functionLines) errors.push(`${path}: ${open.name}() is ${length} lines`);
      open = undefined;
    }
  });
}

interface Import {
  readonly root: string;
  readonly path: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function checkImport({ root, path, target, typeOnly }: Import, errors: string[]): void {
  const [layer = '', folder = ''] = path.split('/');
  if (target.startsWith('node:')) return;
  if (!target.startsWith('.')) {
    const modelTypes = typeOnly && target.startsWith('@aws-sdk/client-') && layer === 'services';
    if (!mayUsePackages.has(layer) && !isTest(path) && !modelTypes) {
      errors.push(`${path}: ${layer} may not use the package ${target}`);
    }
    return;
  }
  const to = normalize(join(dirname(path), target));
  if (!existsSync(join(root, to))) return void errors.push(`${path}: cannot resolve ${target}`);
  const [toLayer = '', toFolder = ''] = to.split('/');
  // Tests stand in for the composition root: they may join a part with the adapters it runs on.
  if (isTest(path) && toLayer === 'adapters') return;
  if (toLayer !== layer && !layers[layer]?.includes(toLayer)) {
    errors.push(`${path}: ${layer} may not import ${toLayer}`);
  }
  if (toLayer !== layer || toFolder === folder || !islands[layer]) return;
  if (!islands[layer].includes(`${folder}->${toFolder}`)) {
    errors.push(`${path}: ${layer}/${folder} may not import ${layer}/${toFolder}`);
  }
}

test('the house is tidy', () => {
  expect(tidy('src')).toEqual([]);
});
