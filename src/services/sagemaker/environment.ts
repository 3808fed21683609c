/**
 * Environments that requests give to programs. They may name secrets, which are read when the
 * program starts; what is no such reference is refused here, by the variable's name.
 */
import { mostReferences, referencesIn } from '../../jobs/roles/references.ts';
import { faults } from './faults.ts';

type Environment = Readonly<Record<string, string>>;

/** The environment as it was given: `member` is where the request has it. */
export function checkedEnvironment(
  member: string,
  environment: Environment | undefined,
): Environment {
  let count = 0;
  for (const [name, value] of Object.entries(environment ?? {})) {
    const found = referencesIn(value);
    if (!found.ok) throw faults.badMember(`${member}.${name}`, found.reason);
    count += found.value.length;
  }
  if (count > mostReferences) {
    throw faults.badMember(member, `at most ${mostReferences} dynamic references are supported`);
  }
  return environment ?? {};
}
