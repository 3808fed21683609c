/**
 * Writes dist/sbom.cdx.json, the bill of materials of what is shipped, as CycloneDX 1.5; a build does so
 * too. Made from the lockfile, so the same lockfile gives the same bytes. Not by `npm sbom --omit dev`,
 * which leaves out every package that something for development uses too: 22 of those that are shipped.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { neededBy, root, shippedPackages } from './shipped.mjs';

const target = 'dist/sbom.cdx.json';

/** @returns the bill of materials as an object. */
export function billOfMaterials() {
  const { name, version, description, license } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const packages = shippedPackages();
  const self = { type: 'application', name, version, description, licence: license };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(readFileSync(join(root, 'package-lock.json')))}`,
    version: 1,
    metadata: { component: component(self) },
    components: packages.map((one) => component({ ...one, type: 'library' })),
    dependencies: [
      { ref: `${name}@${version}`, dependsOn: neededBy('') },
      ...packages.map((one) => ({ ref: `${one.name}@${one.version}`, dependsOn: one.needs })),
    ],
  };
}

function component({ type, name, version, description, licence, optional, integrity }) {
  return {
    'bom-ref': `${name}@${version}`,
    type,
    name,
    version,
    ...(description ? { description } : {}),
    scope: optional ? 'optional' : 'required',
    ...(integrity ? { hashes: [hashOf(integrity)] } : {}),
    ...(licence ? { licenses: [licenceOf(licence)] } : {}),
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
  };
}

/** An entry of the lockfile is `sha512-` and the digest in base64. */
function hashOf(integrity) {
  const [, algorithm, digest] = /^sha(512|384|256)-(\S+)$/.exec(integrity) ?? [];
  if (digest === undefined) throw new Error(`${integrity} is not a digest that is known`);
  return { alg: `SHA-${algorithm}`, content: Buffer.from(digest, 'base64').toString('hex') };
}

/** One licence is named by its identifier, a choice by its expression. */
const licenceOf = (text) => (/[ ()]/.test(text) ? { expression: text } : { license: { id: text } });

/** A UUID (version 8: of a kind of our own) that follows from the bytes. */
function uuidOf(bytes) {
  const hex = createHash('sha256').update(bytes).digest('hex');
  const variant = ((Number.parseInt(hex[16], 16) & 3) | 8).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return [...parts, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/** @returns the text of the file. */
export const billText = () => `${JSON.stringify(billOfMaterials(), null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!existsSync(join(root, 'dist'))) throw new Error('dist/ is missing: run npm run build first');
  writeFileSync(join(root, target), billText());
  console.log(target);
}
