/** Rotation functions by their ARN, as clients name them. */
import { parseArn, type Scope } from '../../kernel/arn.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

const resourceForm = /^function:([A-Za-z0-9_-]{1,64})(?::[A-Za-z0-9$_-]{1,128})?$/;

/** The name it is configured under. Refused for what is no function of the account and Region. */
export function functionNameIn(functionArn: string, { account, region }: Scope): Outcome<string> {
  const refused = refuse(
    'The RotationLambdaARN must be the ARN of a function of this account and Region, ' +
      `lambda:${region}:${account}:function:NAME, and is: ${functionArn.slice(0, 200)}`,
  );
  const parsed = parseArn(functionArn);
  if (!parsed.ok || parsed.value.service !== 'lambda') return refused;
  const { resource } = parsed.value;
  if (parsed.value.account !== account || parsed.value.region !== region) return refused;
  const name = resourceForm.exec(resource)?.[1];
  return name === undefined ? refused : ok(name);
}
