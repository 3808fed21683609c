/** Builds dist/: TypeScript to JavaScript, and the service models beside the loader that reads them. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function build() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  cpSync(join(root, 'src/wire/model'), join(root, 'dist/wire/model'), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
  chmodSync(join(root, 'dist/cli/main.js'), 0o755);
  writeFileSync(join(root, 'dist/.built'), '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
