/** That identifiers have the shape of RFC 9562 and none comes twice. */
import { expect, test } from 'vitest';
import { uuid, uuids } from './ids.ts';
import { seededRandom } from './random.ts';

const version4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('identifiers that are written together are like those that are written alone', () => {
  const next = uuids(seededRandom(1));
  const ids = Array.from({ length: 1_000 }, next);
  const all = [...ids, uuid(seededRandom(2))];
  expect(all.filter((id) => !version4.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(1_000);
  expect(ids[0]).toBe(uuid(seededRandom(1)));
});
