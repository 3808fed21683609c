/** The names of the logs in a folder, in order, without looking into more folders than needed. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogNames } from '../../ports/program-logs.ts';
import { isMissing } from './missing.ts';

const fileForm = /^(.+?)\.log(?:\.1)?$/;

/** `at` is the folder's own path of names, with a `/` at its end unless it is empty. */
export async function* logNames(
  root: string,
  which: LogNames,
  at = '',
): AsyncGenerator<string, void> {
  const paths = new Set((await entriesOf(join(root, at))).flatMap((entry) => pathOf(entry, at)));
  const sorted = [...paths].filter((path) => isWanted(path, which)).sort();
  for (const path of which.descending ? sorted.reverse() : sorted) {
    if (path.endsWith('/')) yield* logNames(root, which, path);
    else yield path;
  }
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}

function pathOf(entry: Dirent, at: string): readonly string[] {
  if (entry.isDirectory()) return [`${at}${entry.name}/`];
  const [, name] = fileForm.exec(entry.name) ?? [];
  return name === undefined ? [] : [`${at}${name}`];
}

/** Whether a log, or any log in a folder, may be among those asked for. */
function isWanted(path: string, { prefix, after, descending }: LogNames): boolean {
  const isFolder = path.endsWith('/');
  if (!path.startsWith(prefix) && !(isFolder && prefix.startsWith(path))) return false;
  if (after === undefined || (isFolder && after.startsWith(path))) return true;
  return descending ? path < after : path > after;
}
