/** Tags are those of the resource, however its name is spelled. */
import { expect, test } from 'vitest';
import { arnOf, Hosting } from './hosting.fixture.ts';

test('a name in another case is the same resource, whatever is done to tags', async () => {
  const h = new Hosting();
  await h.model('churn');
  const ResourceArn = arnOf('model/Churn');
  const told = { Tags: [{ Key: 'team', Value: 'risk' }] };
  await h.call('AddTags', { ResourceArn, ...told });
  for (const arn of [ResourceArn, arnOf('model/churn')]) {
    expect(await h.call('ListTags', { ResourceArn: arn })).toEqual(told);
  }
  await h.call('DeleteTags', { ResourceArn, TagKeys: ['team'] });
  expect(await h.call('ListTags', { ResourceArn: arnOf('model/churn') })).toEqual({ Tags: [] });
});
