/** `modelkeep role`: plans and writes roles, ends their sessions, and examines policies. */
import type { ParseArgsConfig } from 'node:util';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { Config } from '../server/config.ts';
import type { RoleAnswer } from '../server/role-plans.ts';
import { type Command, configFlags, configOf, type Parsed, parseFlags } from './flags.ts';
import { activityLines, findingLines, reportLines } from './role-text.ts';

const usage = 'plan|apply|revoke|list-activities|check …';
const meaning = 'makes roles of least privilege from activities; examines policies';

const help = `modelkeep role plan  --persona P --name SUFFIX [parameters]   shows role and proof
modelkeep role apply --persona P --name SUFFIX [parameters]   writes it, after --yes
modelkeep role revoke ROLE | ASIA…                            ends sessions: a role's, or one
modelkeep role list-activities                                lists personas and activities
modelkeep role check FILE [--use identity|resource|trust]     findings of a policy file

  --persona P              data-scientist, mlops-engineer, sagemaker-compute or custom
  --activity A             an activity beside the persona's; may be repeated, as all that follow
  --bucket B               a bucket that the role may use
  --data-key K             a key of data, by its id or ARN; together with --volume-key
  --volume-key K           a key of volumes
  --subnet S               a subnet that jobs and models must be in; together with
  --security-group G       a security group
  --pass-role R            a role that may be passed to jobs and models, by its name or ARN
  --repository R           a repository of images
  --workgroup W            a workgroup of Athena (default primary)
  --database D             a database of Glue
  --principal ARN          a user or a role that may take the role over, beside the service
  --adopt                  takes over a role that was made by other means
  --yes                    writes what was shown
  --json                   prints the answer as JSON
  --use U                  how the policy of a file is used (default identity)
  --data DIR, --account ID of the server, as for modelkeep up`;

/** Flag to the member of the request. */
const listFlags = {
  bucket: 'buckets',
  'data-key': 'dataKeys',
  'volume-key': 'volumeKeys',
  subnet: 'subnets',
  'security-group': 'securityGroups',
  'pass-role': 'passRoles',
  repository: 'repositories',
  workgroup: 'workgroups',
  database: 'databases',
  principal: 'principals',
} as const;

const options: NonNullable<ParseArgsConfig['options']> = {
  ...configFlags,
  ...Object.fromEntries(
    [...Object.keys(listFlags), 'activity'].map((name) => [
      name,
      { type: 'string' as const, multiple: true },
    ]),
  ),
  persona: { type: 'string' },
  name: { type: 'string' },
  use: { type: 'string' },
  adopt: { type: 'boolean' },
  yes: { type: 'boolean' },
  json: { type: 'boolean' },
};

export const role: Command = {
  usage,
  meaning,
  parse(args) {
    const parsed = parseFlags(args, options);
    if (!parsed.ok) return parsed;
    const { values, positionals } = parsed.value;
    const [action, ...rest] = positionals;
    if (values['help'] === true) return ok(print([help]));
    const json = values['json'] === true;
    switch (action) {
      case 'plan':
      case 'apply':
        return rest.length > 0 ? stray(rest) : roleCommand(action, parsed.value);
      case 'revoke':
        return revokeCommand(rest, parsed.value);
      case 'list-activities':
        return rest.length > 0 ? stray(rest) : ok(() => list(json));
      case 'check':
        return checkCommand(rest, parsed.value);
      default:
        return refuse(`needs one of plan, apply, revoke, list-activities and check\n${help}`);
    }
  },
};

const stray = ([first = '']: readonly string[]) => refuse(`unexpected argument '${first}'`);

function print(lines: readonly string[]): () => Promise<number> {
  return async () => {
    for (const line of lines) console.log(line);
    return 0;
  };
}

async function list(json: boolean): Promise<number> {
  const { listActivities } = await import('../server/role-offline.ts');
  const all = listActivities();
  return print(json ? [JSON.stringify(all, null, 2)] : activityLines(all))();
}

function checkCommand(paths: readonly string[], parsed: Parsed): Outcome<() => Promise<number>> {
  const { values } = parsed;
  const [path, ...more] = paths;
  if (path === undefined || more.length > 0) return refuse('check needs one file');
  const use = values['use'] ?? 'identity';
  if (use !== 'identity' && use !== 'resource' && use !== 'trust') {
    return refuse('--use must be identity, resource or trust');
  }
  const account = values['account'];
  const about = typeof account === 'string' ? { account } : {};
  return ok(async () => {
    const { checkPolicyFile } = await import('../server/role-offline.ts');
    const found = await checkPolicyFile(path, use, about);
    if (!found.ok) {
      console.error(`modelkeep role check: ${found.reason}`);
      return 1;
    }
    const lines = findingLines(path, found.value);
    await print(values['json'] === true ? [JSON.stringify(found.value, null, 2)] : lines)();
    const bad = found.value.some(({ severity }) => severity === 'error' || severity === 'security');
    return bad ? 1 : 0;
  });
}

function revokeCommand(names: readonly string[], parsed: Parsed): Outcome<() => Promise<number>> {
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) return refuse('revoke needs one role or key id');
  const config = configOf(parsed);
  if (!config.ok) return config;
  const body = /^ASIA[A-Z0-9]{12,}$/.test(name) ? { accessKeyId: name } : { roleName: name };
  return ok(async () => {
    const { askServer } = await import('../server/role-client.ts');
    const done = await askServer<{ revoked: string }>(config.value, 'sessions/revoke', body);
    if (!done.ok) return fail(done.reason);
    return print([`ended: ${done.value.revoked}`])();
  });
}

function roleCommand(action: 'plan' | 'apply', parsed: Parsed): Outcome<() => Promise<number>> {
  const { values } = parsed;
  const name = values['name'];
  if (typeof name !== 'string') return refuse('--name is needed: the role is SageMaker-NAME');
  const config = configOf(parsed);
  if (!config.ok) return config;
  const lists = Object.entries(listFlags).flatMap(([flag, member]) => {
    const given = textsOf(values[flag]);
    return given.length > 0 ? [[member, given] as const] : [];
  });
  const persona = values['persona'];
  const body = {
    name,
    ...(typeof persona === 'string' ? { persona } : {}),
    activities: textsOf(values['activity']),
    parameters: Object.fromEntries(lists),
    adopt: values['adopt'] === true,
  };
  const asked = { config: config.value, body, json: values['json'] === true };
  return ok(() => (action === 'plan' ? plan(asked) : apply(asked, values['yes'] === true)));
}

/** Flags that may be repeated are lists, which the type of parsed flags leaves out. */
function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

interface Asked {
  readonly config: Config;
  readonly body: object;
  readonly json: boolean;
}

async function plan({ config, body, json }: Asked): Promise<number> {
  const report = await post(config, 'plan', body);
  if (!report.ok) return fail(report.reason);
  return print(json ? [JSON.stringify(report.value, null, 2)] : reportLines(report.value))();
}

/** What is written is what was shown: the digest of the plan goes with it. */
async function apply({ config, body, json }: Asked, yes: boolean): Promise<number> {
  const shown = await post(config, 'plan', body);
  if (!shown.ok) return fail(shown.reason);
  if (!json) await print(reportLines(shown.value))();
  if (!yes) return fail('nothing was written: run it again with --yes to write this');
  const done = await post(config, 'apply', { ...body, digest: shown.value.digest });
  if (!done.ok) return fail(done.reason);
  const { arn } = done.value.role;
  return print([json ? JSON.stringify(done.value, null, 2) : `wrote ${arn}`])();
}

function fail(reason: string): number {
  console.error(`modelkeep role: ${reason}`);
  return 1;
}

async function post(
  config: Config,
  path: 'plan' | 'apply',
  body: object,
): Promise<Outcome<RoleAnswer>> {
  const { askServer } = await import('../server/role-client.ts');
  return askServer<RoleAnswer>(config, `roles/${path}`, body);
}
