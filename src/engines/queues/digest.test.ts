/** Digests against values an independent implementation gave (Python's hashlib and struct). */
import { expect, test } from 'vitest';
import { attributesMd5, bodyMd5, messageBytes } from './digest.ts';

test('the digest of a body is that of its UTF-8 bytes', () => {
  expect(bodyMd5('hello world')).toBe('5eb63bbbe01eeed093cb22bb8f5acdc3');
  expect(bodyMd5('grüße')).toBe('fee40dc24d0ad6a90c608052aa4e9e66');
});

test('attributes are digested in order of their names, with type and kind of value', () => {
  const attributes = {
    zeta: { type: 'Number', text: '12.5' },
    Alpha: { type: 'String.label', text: 'ä' },
    beta: { type: 'Binary', base64: Buffer.from([0, 255, 7]).toString('base64') },
  };
  expect(attributesMd5(attributes)).toBe('8801cb23a66973394301fa4f5cfb180d');
  expect(attributesMd5({})).toBeUndefined();
});

test('the size of a message counts body, names, types and values', () => {
  expect(messageBytes('ä', { n: { type: 'String', text: 'vv' } })).toBe(2 + 1 + 6 + 2);
});
