/** Messages about refusals open again here, unchanged, and nowhere else. */
import { expect, test } from 'vitest';
import { testVault } from './identity.fixture.ts';
import { openMessage, sealMessage } from './messages.ts';

const vault = testVault();
const details = JSON.stringify({ allowed: false, context: { action: 's3:GetObject', who: 'ä' } });

test('what was sealed opens, and cannot be read before', () => {
  const message = sealMessage(vault, details);
  expect(message).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(Buffer.from(message, 'base64url').includes('GetObject')).toBe(false);
  expect(openMessage(vault, message)).toEqual({ ok: true, value: details });
});

test('anything else is refused', () => {
  const message = sealMessage(vault, details);
  const other = sealMessage(testVault('other'), details);
  const changed = `${message.slice(0, -2)}${message.endsWith('AA') ? 'BB' : 'AA'}`;
  const foreign = vault.seal('a secret', { purpose: 'something else' });
  for (const bad of ['', 'x', other, changed, message.slice(1), foreign]) {
    expect(openMessage(vault, bad).ok).toBe(false);
  }
});

test('details that are too long for a header only say so', () => {
  const noise = Array.from({ length: 9_000 }, (_, n) => ((n * 7_919) % 65_521).toString(36));
  const message = sealMessage(vault, noise.join(''));
  expect(message.length).toBeLessThan(7_001);
  const opened = openMessage(vault, message);
  expect(opened.ok && opened.value).toContain('too long');
});
