/** What every kind of journal must do. Each adapter's test runs it with a factory of its own. */
import { expect, onTestFinished, test } from 'vitest';
import { type ByteStream, gather } from '../kernel/bytes.ts';
import type { Journals } from './journals.ts';

const text = async (stream: ByteStream) => (await gather(stream, 1_000_000)).toString();

export function journalsContract(make: () => Promise<Journals>): void {
  const open = async () => {
    const journals = await make();
    onTestFinished(() => journals.close());
    return journals;
  };

  test('what is appended is read back, in order of the calls', async () => {
    const journal = await (await open()).open('a.log');
    await journal.append(Buffer.from('one '));
    const parts = Array.from({ length: 200 }, (_, i) => `${i} `);
    await Promise.all(parts.map((part) => journal.append(Buffer.from(part))));
    expect(await text(journal.read())).toBe(`one ${parts.join('')}`);
    expect(journal.sizeBytes).toBe(4 + parts.join('').length);
    expect(journal.name).toBe('a.log');
  });

  test('the end of a journal can be cut off, and what is appended then follows', async () => {
    const journal = await (await open()).open('a');
    await journal.append(Buffer.from('one '));
    await journal.append(Buffer.from('two'));
    await journal.truncate(5);
    expect([journal.sizeBytes, await text(journal.read())]).toEqual([5, 'one t']);
    await journal.append(Buffer.from('hree'));
    expect(await text(journal.read())).toBe('one three');
    await expect(journal.truncate(10)).rejects.toThrow('journal a has 9 bytes');
  });

  test('bytes belong to the caller again once append has resolved', async () => {
    const journal = await (await open()).open('a');
    const buffer = Buffer.from('xy');
    await journal.append(buffer);
    buffer.fill('!');
    expect(await text(journal.read())).toBe('xy');
  });

  test('a journal opened twice is one journal', async () => {
    const journals = await open();
    const [a, b] = await Promise.all([journals.open('j'), journals.open('j')]);
    await Promise.all([a.append(Buffer.from('1')), b.append(Buffer.from('2'))]);
    expect(await text(a.read())).toBe('12');
    expect(b.sizeBytes).toBe(2);
  });

  test('names lists what is there, and remove takes it away', async () => {
    const journals = await open();
    await journals.open('b');
    const journal = await journals.open('a');
    await journal.append(Buffer.from('old'));
    expect([...(await journals.names())].sort()).toEqual(['a', 'b']);
    await journal.remove();
    expect(await journals.names()).toEqual(['b']);
    await expect(journal.append(Buffer.from('x'))).rejects.toThrow('removed');
    const again = await journals.open('a');
    expect(again.sizeBytes).toBe(0);
    expect(await text(again.read())).toBe('');
  });

  test('a name that could lead elsewhere is refused', async () => {
    const journals = await open();
    for (const name of ['', '..', '.', 'a/b', 'ü', 'x'.repeat(201)]) {
      await expect(journals.open(name)).rejects.toThrow('name');
    }
  });
}
