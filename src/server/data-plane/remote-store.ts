/**
 * The metadata as a process of the data plane has it: rows are asked of the main process, which has
 * the only connection to the file. Nothing is kept here, so nothing can be out of date, and nothing
 * is written.
 */
import type {
  Entry,
  IndexEntry,
  IndexRange,
  MetadataStore,
  Range,
} from '../../ports/metadata-store.ts';
import type { Read, Reading } from './messages.ts';

export function remoteStore(read: (reading: Reading) => Promise<Read>): MetadataStore {
  return {
    async get<Row>({ name: collection }: { readonly name: string }, key: string) {
      return (await read({ kind: 'get', collection, key })) as Row | undefined;
    },
    async list<Row>({ name: collection }: { readonly name: string }, range: Range) {
      return (await read({ kind: 'list', collection, range })) as readonly Entry<Row>[];
    },
    async listBy<Row>({ name: collection }: { readonly name: string }, range: IndexRange) {
      return (await read({ kind: 'listBy', collection, range })) as readonly IndexEntry<Row>[];
    },
    async write() {
      throw new Error('the data plane writes no metadata');
    },
    close: async () => {},
  };
}
