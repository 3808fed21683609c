/** Tags of secrets. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { given } from '../../engines/secrets/answer.ts';
import type { SecretTag } from '../../engines/secrets/rows.ts';
import { type Ctx, secretOf, valueOf } from './context.ts';
import { faults } from './faults.ts';

const mostTags = 50;

/** Throws InvalidParameter. Lengths are the model's business. */
export function checkedTags(tags: readonly sm.Tag[] = []): readonly SecretTag[] {
  const checked = tags.map(({ Key: key, Value: value = '' }) => {
    if (key === undefined) throw faults.invalidParameter('You must specify the Key of each tag.');
    if (/^aws:/i.test(key)) {
      throw faults.invalidParameter('Tag keys that begin with aws: are reserved.');
    }
    return { key, value };
  });
  if (new Set(checked.map(({ key }) => key)).size < checked.length) {
    throw faults.invalidParameter('Duplicate tag keys are not allowed.');
  }
  if (checked.length > mostTags) throw faults.invalidParameter(tooMany);
  return checked;
}

const tooMany = `A secret can have at most ${mostTags} tags.`;

export async function tagResource(input: sm.TagResourceRequest, ctx: Ctx): Promise<void> {
  const added = checkedTags(input.Tags);
  const secret = await secretOf(input.SecretId, ctx);
  const keys = new Set(added.map(({ key }) => key));
  const changed = await ctx.secrets.life.change(secret, (row) => {
    const tags = [...row.tags.filter(({ key }) => !keys.has(key)), ...added];
    if (tags.length > mostTags) throw faults.invalidParameter(tooMany);
    return given({ ...row, tags });
  });
  valueOf(changed);
}

export async function untagResource(input: sm.UntagResourceRequest, ctx: Ctx): Promise<void> {
  const gone = new Set(input.TagKeys ?? []);
  const secret = await secretOf(input.SecretId, ctx);
  const changed = await ctx.secrets.life.change(secret, (row) =>
    given({ ...row, tags: row.tags.filter(({ key }) => !gone.has(key)) }),
  );
  valueOf(changed);
}
