/** Tags of keys, and what they decide. */
import { expect, test } from 'vitest';
import { allow, codeOf, setup } from './kms.fixture.ts';

const tag = (TagKey: string, TagValue = 'v') => ({ TagKey, TagValue });

async function start() {
  const made = setup();
  const { KeyId } = await made.create({ Tags: [tag('a', '1')] });
  const list = () => made.run('ListResourceTags', { KeyId });
  return { ...made, KeyId, list };
}

test('tags are added, replaced and taken away', async () => {
  const { run, list, KeyId } = await start();
  await run('TagResource', { KeyId, Tags: [tag('b', '2'), tag('a', '3')] });
  expect(await list()).toEqual({ Tags: [tag('b', '2'), tag('a', '3')], Truncated: false });
  await run('UntagResource', { KeyId, TagKeys: ['a', 'none'] });
  expect(await list()).toEqual({ Tags: [tag('b', '2')], Truncated: false });
});

test.each([
  ['twice', [tag('x'), tag('x')], 'TagException'],
  ['reserved', [tag('AWS:x')], 'TagException'],
  ['too many', Array.from({ length: 50 }, (_, n) => tag(`t${n}`)), 'LimitExceededException'],
])('refused: %s', async (_what, Tags, code) => {
  const { run, list, KeyId } = await start();
  expect(await codeOf(run('TagResource', { KeyId, Tags }))).toBe(code);
  expect(await list()).toEqual({ Tags: [tag('a', '1')], Truncated: false });
});

test('who may depends on the tags of the key and of the request', async () => {
  const { run, user, KeyId } = await start();
  const Condition = { StringEquals: { 'aws:ResourceTag/a': '1' } };
  const owner = await user('owner', allow('kms:TagResource', { Condition }));
  await run('TagResource', { KeyId, Tags: [tag('b')] }, owner);
  const only = { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['b'] } };
  const some = await user('some', allow('kms:UntagResource', { Condition: only }));
  const untag = (key: string) => run('UntagResource', { KeyId, TagKeys: [key] }, some);
  expect(await codeOf(untag('a'))).toBe('AccessDeniedException');
  await untag('b');
  await run('TagResource', { KeyId, Tags: [tag('a', '2')] });
  const late = run('TagResource', { KeyId, Tags: [tag('c')] }, owner);
  expect(await codeOf(late)).toBe('AccessDeniedException');
});
