/**
 * Builds dist/: TypeScript to JavaScript, the service models beside the loader that reads them, the
 * modules of the command line joined into few files, and the bill of materials.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';
import { billText } from './sbom.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Aside first: what was built before stays whole when a source does not compile. */
export async function build() {
  const aside = join(root, 'dist.new');
  rmSync(aside, { recursive: true, force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', aside], {
    cwd: root,
    stdio: 'inherit',
  });
  // Data lies beside the loader that reads it.
  for (const folder of ['wire/model', 'engines/identity', 'engines/policy']) {
    cpSync(join(root, 'src', folder), join(aside, folder), {
      recursive: true,
      filter: (path) => statSync(path).isDirectory() || path.endsWith('.json'),
    });
  }
  await bundle(aside);
  chmodSync(join(aside, 'cli/main.js'), 0o755);
  writeFileSync(join(aside, 'sbom.cdx.json'), billText());
  writeFileSync(join(aside, '.built'), '');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  renameSync(aside, join(root, 'dist'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
