/**
 * A folder of its own for one job, on the machine where its program runs. Paths are relative, with
 * `/`, and never leave the folder: one that would is refused by throwing `OutsideWorkspace`.
 */
import type { ByteStream } from '../kernel/bytes.ts';

export interface Workspaces {
  /** Empty, whatever an earlier run of the same name left. Names as in `journals.ts`. */
  make(name: string): Promise<Workspace>;
}

export interface Workspace {
  /** Absolute. */
  readonly rootPath: string;
  write(path: string, content: ByteStream): Promise<void>;
  makeFolder(path: string): Promise<void>;
  /** Every file below the folder, in order of names; links are left out. */
  files(folder: string): Promise<readonly string[]>;
  read(path: string): ByteStream;
  /** The first bytes of a file, undefined when there is none. */
  readText(path: string, limitBytes: number): Promise<string | undefined>;
  remove(): Promise<void>;
}

export class OutsideWorkspace extends Error {
  override readonly name = 'OutsideWorkspace';
  constructor(path: string) {
    super(`path leaves its folder: ${JSON.stringify(path.slice(0, 200))}`);
  }
}
