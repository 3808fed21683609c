/**
 * `npm start` and `npm test` on a clone: installs when the lockfile changed, builds when a source
 * changed, then runs what was asked for. Uses Node alone, because nothing may be installed yet.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.modelkeep-lock');

function installWhenStale() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  console.log('installing packages (npm ci) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['ci', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit' });
  writeFileSync(stamp, digest);
}

function newest(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const times = files
    .filter((file) => file.isFile())
    .map((file) => statSync(join(file.parentPath ?? file.path, file.name)).mtimeMs);
  return Math.max(0, ...times);
}

const configs = ['tsconfig.json', 'tsconfig.build.json'];

async function buildWhenStale() {
  const built = join(root, 'dist', '.built');
  const inputs = Math.max(
    newest(join(root, 'src')),
    ...[...configs, 'tools/build.mjs', 'tools/bundle.mjs', 'package-lock.json'].map(
      (file) => statSync(join(root, file)).mtimeMs,
    ),
  );
  if (existsSync(built) && statSync(built).mtimeMs >= inputs) return;
  console.log('building …');
  const { build } = await import('./build.mjs');
  await build();
}

const [task, ...rest] = process.argv.slice(2);
const commands = {
  /** Installs and builds, and nothing more. */
  build: undefined,
  // Amazon's clients say at each start that Node 20 is old.
  demo: ['--disable-warning=NodeVersionSupportWarning', 'dist/cli/main.js', 'demo'],
  test: ['node_modules/vitest/vitest.mjs', 'run'],
  bench: ['bench/run.mjs'],
  cli: ['dist/cli/main.js'],
};
if (!Object.hasOwn(commands, task)) {
  console.error(`usage: node tools/run.mjs ${Object.keys(commands).join('|')} [ARGUMENT ...]`);
  process.exit(2);
}
installWhenStale();
await buildWhenStale();
const command = commands[task];
if (!command) process.exit(0);
const result = spawnSync(process.execPath, [...command, ...rest], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
