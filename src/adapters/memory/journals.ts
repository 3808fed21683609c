/** Journals in memory, for tests and servers that keep nothing: they end with the process. */
import { assert } from '../../kernel/assert.ts';
import { once } from '../../kernel/bytes.ts';
import type { Journal, Journals } from '../../ports/journals.ts';

const namePattern = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}$/;

export function memoryJournals(): Journals {
  const open = new Map<string, Journal>();
  return {
    async open(name) {
      assert(namePattern.test(name), `not a journal name: ${name}`);
      const journal = open.get(name) ?? memoryJournal(name, () => open.delete(name));
      open.set(name, journal);
      return journal;
    },
    async names() {
      return [...open.keys()].sort();
    },
    async close() {},
  };
}

function memoryJournal(name: string, forget: () => void): Journal {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  let removed = false;
  return {
    name,
    get sizeBytes() {
      return sizeBytes;
    },
    async append(bytes) {
      assert(!removed, `journal ${name} was removed`);
      parts.push(Buffer.from(bytes));
      sizeBytes += bytes.length;
    },
    read() {
      assert(!removed, `journal ${name} was removed`);
      return once(Buffer.concat(parts));
    },
    async truncate(toBytes) {
      assert(toBytes <= sizeBytes, `journal ${name} has ${sizeBytes} bytes`);
      parts = [Buffer.concat(parts).subarray(0, toBytes)];
      sizeBytes = toBytes;
    },
    async remove() {
      removed = true;
      parts = [];
      forget();
    },
  };
}
