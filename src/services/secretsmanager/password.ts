/** Random passwords, made and forgotten. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { randomPassword } from '../../engines/secrets/passwords.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';

const defaultLength = 32;

export async function getRandomPassword(
  input: sm.GetRandomPasswordRequest,
  { random }: Ctx,
): Promise<sm.GetRandomPasswordResponse> {
  const made = randomPassword(random, {
    length: Number(input.PasswordLength ?? defaultLength),
    without: input.ExcludeCharacters ?? '',
    lowercase: !input.ExcludeLowercase,
    uppercase: !input.ExcludeUppercase,
    numbers: !input.ExcludeNumbers,
    punctuation: !input.ExcludePunctuation,
    space: input.IncludeSpace ?? false,
    eachType: input.RequireEachIncludedType ?? true,
  });
  if (!made.ok) throw faults.invalidParameter(made.reason);
  return { RandomPassword: made.value };
}
