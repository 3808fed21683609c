/** Asks the running server's own routes, as its administrator. */
import { systemClock } from '../adapters/system/system.ts';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import { readAdministrator } from './administrator.ts';
import type { Config } from './config.ts';
import { postSigned } from './signed-fetch.ts';

/** Refused with the server's own words. `Answer` is what it answers: see the action's route. */
export async function askServer<Answer>(
  config: Config,
  action: 'roles/plan' | 'roles/apply' | 'sessions/revoke' | 'trail/query',
  body: object,
): Promise<Outcome<Answer>> {
  const administrator = await readAdministrator(config);
  if (!administrator.ok) return administrator;
  const { url, region, ...keys } = administrator.value;
  const path = `/_modelkeep/${action}`;
  const nowMs = systemClock.nowMs();
  const answer = await postSigned({ url, path, body, service: 'iam', region, keys, nowMs });
  if (!answer.ok) return answer;
  const { status, body: said } = answer.value;
  if (status === 200) return ok(said as Answer);
  const error = (said as { error?: { code?: string; message?: string } } | null)?.error;
  return refuse(error ? `${error.message} (${error.code})` : `the server answered ${status}`);
}
