/**
 * Journals of one process of the data plane, in the folder that all share: each can be let go of by
 * itself, so that the main process goes on with it. What others keep there is not seen.
 */
import type { Journal, Journals } from '../../ports/journals.ts';

export interface OwnJournals extends Journals {
  /** Closes it, and leaves it where it is. */
  release(name: string): Promise<void>;
}

/** `opened` answers the folder opened anew. */
export function ownJournals(opened: () => Promise<Journals>): OwnJournals {
  const folders = new Map<string, Journals>();
  const release = async (name: string) => {
    const folder = folders.get(name);
    folders.delete(name);
    await folder?.close();
  };
  return {
    async open(name): Promise<Journal> {
      const folder = await opened();
      folders.set(name, folder);
      return folder.open(name);
    },
    names: async () => [],
    release,
    async close() {
      for (const name of [...folders.keys()]) await release(name);
    },
  };
}
