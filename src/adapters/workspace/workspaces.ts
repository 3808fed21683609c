/** Workspaces as folders of the local disk. Not a sandbox: the program's launcher confines it. */
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { assert } from '../../kernel/assert.ts';
import { OutsideWorkspace, type Workspace, type Workspaces } from '../../ports/workspace.ts';

const nameForm = /^[A-Za-z0-9._-]{1,200}$/;

export function folderWorkspaces(folder: string): Workspaces {
  return {
    async make(name) {
      assert(nameForm.test(name) && !/^\.+$/.test(name), `workspace name ${name}`);
      const rootPath = resolve(folder, name);
      await rm(rootPath, { recursive: true, force: true });
      await mkdir(rootPath, { recursive: true, mode: 0o700 });
      return workspaceAt(rootPath);
    },
  };
}

function workspaceAt(rootPath: string): Workspace {
  const inside = (path: string): string => {
    const full = resolve(rootPath, path.replace(/^\/+/, ''));
    const leaves = full !== rootPath && !full.startsWith(rootPath + sep);
    if (leaves || path.includes('\0')) throw new OutsideWorkspace(path);
    return full;
  };
  return {
    rootPath,
    async write(path, content) {
      const full = inside(path);
      await mkdir(dirname(full), { recursive: true });
      await pipeline(content, createWriteStream(full, { flags: 'wx' }));
    },
    async makeFolder(path) {
      await mkdir(inside(path), { recursive: true });
    },
    async files(path) {
      const full = inside(path);
      const found: string[] = [];
      for (const entry of await readdirIfThere(full)) {
        const file = join(entry.parentPath, entry.name);
        if (entry.isFile()) found.push(relative(full, file).split(sep).join('/'));
      }
      return found.sort();
    },
    read: (path) => createReadStream(inside(path)),
    readText: (path, limitBytes) => readStart(inside(path), limitBytes),
    async remove() {
      await rm(rootPath, { recursive: true, force: true });
    },
  };
}

async function readdirIfThere(full: string) {
  const isFolder = await lstat(full).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
  return isFolder ? readdir(full, { recursive: true, withFileTypes: true }) : [];
}

async function readStart(full: string, limitBytes: number): Promise<string | undefined> {
  const isFile = await lstat(full).then(
    (stat) => stat.isFile(),
    () => false,
  );
  if (!isFile) return undefined;
  const file = await open(full, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(limitBytes), 0, limitBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
