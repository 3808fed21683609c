/** What is typed at a terminal is heard and not shown. */
import { expect, test } from 'vitest';
import { askAt, type Terminal } from './seal-prompt.ts';

/** Types the pieces once it listens, and notes whether it would have shown them. */
function typing(...pieces: readonly (string | Buffer)[]) {
  const raw: boolean[] = [];
  let hearing: ((bytes: Buffer) => void) | undefined;
  const terminal: Terminal = {
    isTTY: true,
    setRawMode: (on) => raw.push(on),
    resume() {
      queueMicrotask(() => {
        for (const piece of pieces) hearing?.(Buffer.from(piece));
      });
    },
    pause: () => {},
    on(_, hear) {
      hearing = hear;
    },
    off() {
      hearing = undefined;
    },
  };
  const written: string[] = [];
  return { ask: askAt(terminal, (text) => void written.push(text)), raw, written };
}

test('a line ends with it, and nothing of it is written', async () => {
  const { ask, raw, written } = typing('cor', 'rect\r', 'more');
  expect(await ask.secret('Passphrase: ')).toEqual({ ok: true, value: Buffer.from('correct') });
  expect(raw).toEqual([true, false]);
  expect(written).toEqual(['Passphrase: ', '\n']);
});

test.each([
  ['ab\x7fc\n', 'ac'],
  ['a\x7f\x7f\x7fb\n', 'b'],
  ['aä\x7f\x08b\n', 'b'],
  ['aä€\x7fb\n', 'aäb'],
  ['\r', ''],
  ['x\x04', 'x'],
])('%j is %j', async (typed, line) => {
  const { ask } = typing(typed);
  expect(await ask.secret('')).toEqual({ ok: true, value: Buffer.from(line) });
});

test('a letter may come in pieces', async () => {
  const [first = 0, second = 0] = Buffer.from('ä');
  const { ask } = typing(Buffer.from([first]), Buffer.from([second, 10]));
  expect(await ask.secret('')).toEqual({ ok: true, value: Buffer.from('ä') });
});

test('an interrupt gives up, and lines have an end', async () => {
  const { ask, raw } = typing('abc\x03');
  expect(await ask.secret('')).toEqual({ ok: false, reason: 'interrupted' });
  expect(raw).toEqual([true, false]);
  const endless = typing(Buffer.alloc(10_000, 'x'), '\n');
  expect(await endless.ask.secret('')).toMatchObject({ value: { length: 4_096 } });
});

test('without a terminal nobody is asked', async () => {
  const { ask, written } = typing('abc\n');
  const deaf = askAt({ ...terminalWithout() }, () => {});
  expect(await deaf.secret('Passphrase: ')).toMatchObject({ ok: false });
  ask.say('told');
  expect(written).toEqual(['told\n']);
});

function terminalWithout(): Terminal {
  const nothing = () => {};
  return { setRawMode: nothing, resume: nothing, pause: nothing, on: nothing, off: nothing };
}
