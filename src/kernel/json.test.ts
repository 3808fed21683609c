/** That texts are quoted as JSON.stringify does it. */
import { expect, test } from 'vitest';
import { quoted } from './json.ts';

test('a quoted text is its JSON, whatever it holds', () => {
  const units = Array.from({ length: 0x1_0000 }, (_, unit) => `a${String.fromCharCode(unit)}`);
  const texts = [...units, '', 'plain', 'a "quoted" \\ text\n', '\ud83d\ude00', '\ude00\ud83d'];
  expect(texts.filter((text) => quoted(text) !== JSON.stringify(text))).toEqual([]);
});
