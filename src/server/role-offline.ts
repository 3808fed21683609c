/** What of roles and policies needs no server: which activities there are, findings of a file. */
import { readFile, stat } from 'node:fs/promises';
import { activities, personas } from '../engines/personas/activities.ts';
import type { Activity, Persona } from '../engines/personas/types.ts';
import { type Finding, findingsInText } from '../engines/policy/findings.ts';
import type { PolicyUse } from '../engines/policy/types.ts';
import { type Outcome, reasonOf, refuse } from '../kernel/outcome.ts';

export type { Finding };

export type ListedActivity = Pick<Activity, 'id' | 'title' | 'meaning' | 'needs' | 'options'>;

export interface Listing {
  readonly personas: readonly Persona[];
  readonly activities: readonly ListedActivity[];
}

export function listActivities(): Listing {
  return {
    personas,
    activities: activities.map(({ id, title, meaning, needs, options }) => ({
      ...{ id, title, meaning, needs, options },
    })),
  };
}

const largestBytes = 1024 * 1024;

/** Refused when the file cannot be read, or holds no policy. */
export async function checkPolicyFile(
  path: string,
  use: PolicyUse,
  options: { readonly account?: string } = {},
): Promise<Outcome<readonly Finding[]>> {
  try {
    const { size } = await stat(path);
    if (size > largestBytes) return refuse(`${path} is larger than ${largestBytes} bytes`);
    const found = findingsInText(await readFile(path, 'utf8'), use, options);
    return found.ok ? found : refuse(`${path} is not a policy: ${found.reason}`);
  } catch (cause) {
    return refuse(reasonOf(cause));
  }
}
