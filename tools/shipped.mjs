/**
 * What a user of the package installs: every production package of package-lock.json, and its licence.
 * Reads the lockfile and what is installed; asks no registry.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const json = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/**
 * Licences that may be shipped: they ask for their notice, which each package carries in its own folder.
 * Named by SPDX identifier.
 */
export const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);

/** Packages under other licences, each with the reason why it may be shipped. */
export const exceptions = {
  '@jmespath-community/jmespath': {
    licence: 'MPL-2.0',
    reason:
      'the Mozilla licence asks for the source of its own files, changed or not; they are used as they ' +
      'are published, installed from the registry, and not part of any file of ours',
  },
};

const nameAt = (place) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);

/**
 * Every package that `npm install modelkeep` may put on a machine, sorted by name and version.
 * @returns {{ name: string, version: string, licence: string | undefined, optional: boolean,
 *   integrity: string | undefined, deprecated: string | undefined, installScript: boolean,
 *   needs: string[] }[]}
 *   Without integrity are binaries of other platforms that the registry did not have; `needs` are
 *   `name@version` of what a package depends on.
 */
export function shippedPackages() {
  const { packages } = json('package-lock.json');
  const places = Object.entries(packages).filter(([place, entry]) => place !== '' && !entry.dev);
  const found = new Map();
  for (const [place, entry] of places) {
    const name = nameAt(place);
    found.set(`${name}@${entry.version}`, {
      name,
      version: entry.version,
      licence: licenceAt(place, entry) ?? licenceOfOwner(name, packages),
      optional: entry.optional === true,
      integrity: entry.integrity,
      deprecated: entry.deprecated,
      installScript: entry.hasInstallScript === true,
      needs: neededBy(place, packages),
    });
  }
  const keys = [...found.keys()].sort();
  return keys.map((key) => found.get(key));
}

/** What the package at a place of the lockfile depends on, as `name@version`; '' is Modelkeep itself. */
export function neededBy(place, packages = json('package-lock.json').packages) {
  const { dependencies, optionalDependencies, peerDependencies } = packages[place];
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  const places = names.map((name) => placeOf(name, place, packages));
  // A peer that is not there is one that was optional.
  const found = places.filter((at) => at !== undefined && !packages[at].dev);
  return [...new Set(found.map((at) => `${nameAt(at)}@${packages[at].version}`))].sort();
}

/** Where `require` would find a package: beside the one that asks, or further up. */
function placeOf(name, from, packages) {
  for (
    let folder = from;
    ;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))
  ) {
    const at = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[at] !== undefined) return at;
    if (folder === '') return undefined;
  }
}

/** What is installed knows best; the lockfile knows what is not installed here. */
function licenceAt(place, entry) {
  const manifest = join(place, 'package.json');
  const told = existsSync(join(root, manifest)) ? json(manifest).license : entry.license;
  return typeof told === 'string' ? told : undefined;
}

/** A binary for another platform has the licence of the package that it is a part of. */
function licenceOfOwner(name, packages) {
  const owner = Object.entries(packages).find(([, e]) =>
    Object.hasOwn(e.optionalDependencies ?? {}, name),
  );
  return owner && licenceAt(...owner);
}

/** Whether a licence expression can be met with allowed licences: `(MIT OR GPL-3.0)` can, `AND` needs all. */
export function isAllowed({ name, licence }) {
  if (licence === undefined) return false;
  if (exceptions[name]?.licence === licence) return true;
  const plain = licence.replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(plain)) return false;
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((id) => allowed.has(id)));
}
