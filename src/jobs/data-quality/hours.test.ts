/** The profiles kept of single hours. */
import { expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { type Hour, hoursOfFiles, keepProfiles, knownProfiles } from './hours.ts';

const format = '{"csv":{}}';
const file = (hour: string, name: string, etag = 'e1') => {
  const uri = `s3://b/capture/churn/blue/${hour}/${name}.jsonl`;
  return { path: `/blobs/${name}`, uri, etag };
};
const hoursOf = (...files: ReturnType<typeof file>[]) => hoursOfFiles(files, format);
const only = (hours: readonly Hour[]) => hours.map(({ key }) => key.split('#')[0]);

test('files are grouped by hour, in order of time', () => {
  const hours = hoursOf(
    file('2001/02/03/05', 'c'),
    file('2001/02/03/04', 'a'),
    file('2001/02/03/04', 'b'),
  );
  expect(only(hours)).toEqual([
    's3://b/capture/churn/blue/2001/02/03/04',
    's3://b/capture/churn/blue/2001/02/03/05',
  ]);
  expect(hours.map(({ files }) => files.length)).toEqual([2, 1]);
  expect(hours[0]?.startMs).toBe(Date.parse('2001-02-03T04:00:00Z'));
});

test('a profile is known until an object of its hour changes or joins', async () => {
  const store = memoryMetadataStore();
  const hours = hoursOf(file('2001/02/03/04', 'a'));
  await keepProfiles(store, hours, ['profile']);
  expect([...(await knownProfiles(store, hours)).values()]).toEqual(['profile']);
  const changed = hoursOf(file('2001/02/03/04', 'a', 'e2'));
  expect((await knownProfiles(store, changed)).size).toBe(0);
  const joined = hoursOf(file('2001/02/03/04', 'a'), file('2001/02/03/04', 'b'));
  expect((await knownProfiles(store, joined)).size).toBe(0);
  const otherFormat = hoursOfFiles([file('2001/02/03/04', 'a')], '{"json":{}}');
  expect((await knownProfiles(store, otherFormat)).size).toBe(0);
});

test('profiles more than forty days behind the newest hour are dropped', async () => {
  const store = memoryMetadataStore();
  const [old, kept, fresh] = ['2001/01/01/00', '2001/02/01/00', '2001/02/20/00'].map((hour) =>
    hoursOf(file(hour, 'a')),
  );
  for (const hours of [old, kept, fresh]) await keepProfiles(store, hours ?? [], ['profile']);
  const known = await Promise.all([old, kept, fresh].map((h) => knownProfiles(store, h ?? [])));
  expect(known.map(({ size }) => size)).toEqual([0, 1, 1]);
});
