/**
 * Adds to the lockfile the binaries of other platforms that npm left out because the registry it asked
 * does not have them: `npm ci` refuses a lockfile without them. Run it after every change of packages.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];

/** What a binary package is for, by the words of its name. */
function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  if (!os || !cpu) throw new Error(`${name}: the name does not tell its platform`);
  if (words.some((word) => word.startsWith('musl'))) return { cpu, os, libc: 'musl' };
  return words.some((word) => word.startsWith('gnu')) ? { cpu, os, libc: 'glibc' } : { cpu, os };
}

const lock = JSON.parse(readFileSync(path, 'utf8'));
let added = 0;
for (const [at, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const places = [`node_modules/${name}`, `${at}/node_modules/${name}`];
    if (places.some((place) => lock.packages[place])) continue;
    const { cpu, os, libc } = platformOf(name);
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(entry.dev ? { dev: true } : {}),
      ...(libc ? { libc: [libc] } : {}),
      optional: true,
      os: [os],
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages added to the lockfile`);
