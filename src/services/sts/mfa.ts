/**
 * Codes of devices in requests. A code is proven before the call is authorized, because policies
 * look at whether there was one, and used up when the operation runs.
 */
import type { MfaProof, MfaUser } from '../../engines/identity/mfa.ts';
import { mfaRefusal } from '../../engines/identity/mfa.ts';
import { users } from '../../engines/identity/rows.ts';
import type { StsCtx } from './context.ts';
import { faults } from './faults.ts';

export interface MfaInput {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
}

interface Proven {
  readonly user: MfaUser;
  readonly proof: MfaProof;
}

/** By input: what was proven for the authorization is what the operation uses up. */
const proven = new WeakMap<object, Proven>();

/** Whether the request has a code, which is right so far. Throws `Fault` for a wrong one. */
export async function proveMfa(input: MfaInput, ctx: StsCtx): Promise<boolean> {
  const { SerialNumber, TokenCode } = input;
  if (SerialNumber === undefined && TokenCode === undefined) return false;
  if (SerialNumber === undefined || TokenCode === undefined) {
    throw faults.accessDenied(
      'MultiFactorAuthentication failed, must provide both MFA serial number and one time ' +
        'pass code.',
    );
  }
  const user = await userOf(ctx);
  const proof = user && (await ctx.identity.mfa.check(user, TokenCode, SerialNumber));
  if (!user || !proof?.ok) throw faults.accessDenied(mfaRefusal);
  proven.set(input, { user, proof: proof.value });
  return true;
}

/** Uses the request's code up. Answers when, or undefined for a request without one. */
export async function spendMfa(input: MfaInput, ctx: StsCtx): Promise<number | undefined> {
  if (!proven.has(input) && !(await proveMfa(input, ctx))) return undefined;
  const held = proven.get(input);
  proven.delete(input);
  if (!held || !(await ctx.identity.mfa.consume(held.user, held.proof))) {
    throw faults.accessDenied(mfaRefusal);
  }
  return ctx.clock.nowMs();
}

/** Only users have devices; a session of theirs may use them too. */
async function userOf({ caller, space }: StsCtx): Promise<MfaUser | undefined> {
  const { session } = caller;
  if (session && session.kind !== 'user') return undefined;
  const id = session?.issuerId ?? caller.userId;
  const [user] = await space.reader.listBy(users, { index: 'id', equals: id, limit: 1 });
  return user && { account: user.row.account, userName: user.row.name };
}
