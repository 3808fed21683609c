/** Values of many secrets at once: those that cannot be read are told beside those that can. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { Fault } from '../../wire/operation.ts';
import { type Ctx, secretOf } from './context.ts';
import { faults } from './faults.ts';
import { searched } from './list.ts';
import { readValue } from './value.ts';

const mostSecrets = 20;

export async function batchGetSecretValue(
  input: sm.BatchGetSecretValueRequest,
  ctx: Ctx,
): Promise<sm.BatchGetSecretValueResponse> {
  const { references, NextToken } = await batched(input, ctx);
  const SecretValues: sm.SecretValueEntry[] = [];
  const Errors: sm.APIErrorType[] = [];
  for (const reference of references) {
    const read = await readOne(reference, ctx);
    if (read instanceof Fault) {
      Errors.push({ SecretId: reference, ErrorCode: read.code, Message: read.message });
    } else SecretValues.push(read);
  }
  return { SecretValues, Errors, ...(NextToken ? { NextToken } : {}) };
}

export interface Batch {
  readonly references: readonly string[];
  readonly NextToken?: string;
}

/** The secrets that are meant. Throws InvalidParameter, InvalidNextToken. */
export async function batched(input: sm.BatchGetSecretValueRequest, ctx: Ctx): Promise<Batch> {
  const { SecretIdList: listed, Filters, MaxResults, NextToken } = input;
  if ((listed === undefined) === (Filters === undefined)) {
    throw faults.invalidParameter(
      "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
    );
  }
  if (listed) {
    if (MaxResults !== undefined || NextToken !== undefined) {
      throw faults.invalidParameter(
        "'MaxResults' and 'NextToken' can only be used with 'Filters'.",
      );
    }
    return { references: [...new Set(listed)] };
  }
  const page = await searched(
    { Filters, NextToken },
    { ctx, size: MaxResults ?? mostSecrets, list: 'BatchGetSecretValue' },
  );
  const references = page.items.map(({ arn }) => arn);
  return { references, ...(page.NextToken ? { NextToken: page.NextToken } : {}) };
}

async function readOne(reference: string, ctx: Ctx): Promise<sm.SecretValueEntry | Fault> {
  const refused = ctx.refused?.get(reference);
  if (refused !== undefined) return faults.accessDenied(refused);
  try {
    return await readValue(await secretOf(reference, ctx), {}, ctx);
  } catch (cause) {
    if (cause instanceof Fault) return cause;
    throw cause;
  }
}
