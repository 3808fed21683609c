/** What operations of this service are given besides their input, and the steps they share. */
import type { SecretAnswer } from '../../engines/secrets/answer.ts';
import type { SecretRow } from '../../engines/secrets/rows.ts';
import type { Secrets } from '../../engines/secrets/secrets.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';
import type { Functions } from '../../ports/functions.ts';
import type { Call } from '../../wire/operation.ts';
import { faultOf, faults } from './faults.ts';

export interface SecretsManagerParts {
  readonly secrets: Secrets;
  readonly functions: Pick<Functions, 'has'>;
  /** Must be fit for secrets. */
  readonly random: Random;
}

export type Ctx = Call & SecretsManagerParts;

/** Throws the fault of what was refused. */
export function valueOf<T>(answer: SecretAnswer<T>): T {
  if (answer.ok) return answer.value;
  throw faultOf(answer);
}

export async function secretOf(reference: string | undefined, ctx: Ctx): Promise<SecretRow> {
  const secret = await ctx.secrets.life.find(reference ?? '', ctx.scope);
  if (!secret) throw faults.noSecret();
  return secret;
}

/** The client's token, or one of our own. */
export function tokenOf(given: string | undefined, { random }: Ctx): string {
  return given ?? uuid(random);
}

/** How most operations name the secret they were about. */
export function named({ arn, name }: SecretRow): { readonly ARN: string; readonly Name: string } {
  return { ARN: arn, Name: name };
}

export function dateOf(instantMs: number): Date {
  return new Date(instantMs);
}
