/** Keys and secrets of transform jobs. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeyRow } from '../../engines/keys/rows.ts';
import { refuse } from '../../kernel/outcome.ts';
import { Batches, bucket, planOf } from './transform.fixture.ts';

let b: Batches;
let key: KeyRow;
beforeEach(async () => {
  b = await new Batches().open();
  key = await b.kept.addKey();
  await b.put('in/a.csv', '1,2\n');
});
afterEach(() => b.close());

const under = (keyId: string) => ({ target: { ...planOf().target, keyId } });

test('what is written is under the key of the output', async () => {
  expect(await b.ran('one', under(key.id))).toMatchObject({ status: 'Completed' });
  const found = await b.objects.find({ bucket, key: 'out/a.csv.out' });
  expect(found.ok && found.value.object?.encryption).toMatchObject({ keyArn: key.arn });
  expect(await b.text('out/a.csv.out')).toBe('3\n');
});

test('a disabled key of output or volume stops the job before anything is read', async () => {
  await b.kept.setState(key, 'Disabled');
  const read: string[] = [];
  b.roles.may = (action) => {
    read.push(action);
    return true;
  };
  for (const [name, plan] of [
    ['output', under(key.arn)],
    ['volume', { volumeKeyId: key.arn }],
  ] as const) {
    expect(await b.ran(name, plan)).toMatchObject({
      status: 'Failed',
      failureReason: expect.stringMatching(/^ClientError: .*KMS key.*is disabled/),
    });
  }
  expect(b.served).toEqual([]);
  expect(read).toEqual([]);
});

test("the model's role must be allowed to lend the key of the volume", async () => {
  b.roles.mayDo = ({ action }) => action !== 'kms:CreateGrant';
  const { failureReason } = await b.ran('one', { volumeKeyId: key.arn });
  expect(failureReason).toContain('is not authorized to perform: kms:CreateGrant');
  b.roles.mayDo = () => true;
  expect(await b.ran('two', { volumeKeyId: key.arn })).toMatchObject({ status: 'Completed' });
});

test('the model gets its secrets, and they are in nothing that is told', async () => {
  await b.kept.make('token', 'hunter2-hunter2');
  const environment = { TOKEN: 'Bearer {{resolve:secretsmanager:token}}' };
  const model = { ...planOf().model, environment };
  const { start } = b;
  b.start = async (spec) => {
    spec.onLog(`started with ${spec.environment['TOKEN']}`);
    return start(spec);
  };
  const row = await b.ran('one', { model });
  expect(row).toMatchObject({ status: 'Completed', plan: { model: { environment } } });
  expect(b.served[0]?.environment).toEqual({ TOKEN: 'Bearer hunter2-hunter2' });
  expect(b.printed).toEqual(['started with Bearer ***']);

  b.start = async (spec) => refuse(`it said: ${spec.environment['TOKEN']}`);
  const failed = await b.ran('two', { model });
  expect(failed.failureReason).toContain('it said: Bearer ***');
  expect(JSON.stringify([failed, row, b.events, b.logged])).not.toContain('hunter2');
});

test('a secret that cannot be had starts no model', async () => {
  const environment = { TOKEN: '{{resolve:secretsmanager:none}}' };
  const row = await b.ran('one', { model: { ...planOf().model, environment } });
  expect(row).toMatchObject({ status: 'Failed' });
  expect(row.failureReason).toMatch(/the environment variable TOKEN: .*can't find/);
  expect(b.served).toEqual([]);
});
