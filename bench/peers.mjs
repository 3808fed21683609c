/** A Python environment with pinned packages, made once under the system's folder for such things. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The same for every bench that asks Evidently. */
export const evidentlyPins = ['evidently==0.7.23', 'pandas==2.3.3', 'pyarrow==26.0.1'];

const installLimitMs = 15 * 60_000;

/** `{ python }`, or `{ reason }` where there is none; other pins make it anew. */
export function pythonWith(name, pins) {
  const folder = join(tmpdir(), `modelkeep-bench-venv-${name}`);
  const python = join(folder, 'bin', 'python');
  const marker = join(folder, `made-${pins.join('-').replaceAll(/[^\w.=-]/g, '_')}`);
  if (existsSync(marker)) return { python };
  rmSync(folder, { recursive: true, force: true });
  const made = spawnSync('python3', ['-m', 'venv', folder], { encoding: 'utf8' });
  if (made.status !== 0) return { reason: `python3 -m venv: ${why(made)}` };
  const options = { encoding: 'utf8', timeout: installLimitMs };
  const installed = spawnSync(python, ['-m', 'pip', 'install', '-q', ...pins], options);
  if (installed.status !== 0) return { reason: `pip install ${pins[0]}: ${why(installed)}` };
  writeFileSync(marker, '');
  return { python };
}

function why({ error, stderr = '' }) {
  return error?.message ?? stderr.trim().split('\n').at(-1) ?? 'failed';
}
