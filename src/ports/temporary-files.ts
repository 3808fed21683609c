/** Files that are needed as files for a while, outside of what is kept. */
import type { ByteStream } from '../kernel/bytes.ts';
import type { Abortable } from './metadata-store.ts';
import type { BlobFile } from './object-store.ts';

export interface TemporaryFiles {
  /** Readable by the server alone; nothing is left when the stream throws, or after `release`. */
  make(content: ByteStream, options?: Abortable): Promise<BlobFile>;
}
