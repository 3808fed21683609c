/**
 * What a function of the operator's finds in its environment: where the server is, and credentials
 * of the role that it was given in the configuration, for as long as a call may take.
 */
import { nameKey, roles } from '../engines/identity/rows.ts';
import type { SecretRotationParts } from '../jobs/secret-rotation/loop.ts';
import { parseArn } from '../kernel/arn.ts';
import { ok, refuse } from '../kernel/outcome.ts';
import type { Guards } from './guards.ts';
import { authorityBeside } from './tls.ts';
import type { World } from './world.ts';

/** The principal that roles of functions let in. */
const runner = 'lambda.amazonaws.com';
const durationSeconds = 3_600;

export interface FunctionEnvironmentParts {
  readonly guards: Pick<Guards, 'access' | 'identity' | 'space'>;
  readonly publicUrl: () => string;
}

export function functionEnvironment(
  { config }: Pick<World, 'config'>,
  { guards, publicUrl }: FunctionEnvironmentParts,
): SecretRotationParts['environmentFor'] {
  return async ({ name, roleArn, scope, secretArn }) => {
    const { region, account } = scope;
    const authority = await authorityBeside(config);
    const server = {
      AWS_ENDPOINT_URL: publicUrl(),
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      SECRETS_MANAGER_ENDPOINT: publicUrl(),
      ...(authority === undefined
        ? {}
        : { AWS_CA_BUNDLE: authority, NODE_EXTRA_CA_CERTS: authority }),
    };
    if (roleArn === undefined) return ok(server);
    const asked = { roleArn, service: runner, sessionName: name, sourceArn: secretArn, account };
    const caller = await guards.access.assumedBy(asked);
    if (!caller.ok) return caller;
    const role = await roleNamed(roleArn, guards);
    if (!role) return refuse(`the role ${roleArn} does not exist`);
    const issued = await guards.identity.sessions.issue({
      account,
      durationSeconds: Math.min(durationSeconds, role.maxSessionSeconds),
      session: {
        ...{ kind: 'role', issuerArn: role.arn, issuerId: role.id, name },
        ...{ tags: {}, transitiveTagKeys: [], policies: [], policyArns: [] },
      },
    });
    return ok({
      ...server,
      AWS_ACCESS_KEY_ID: issued.accessKeyId,
      AWS_SECRET_ACCESS_KEY: issued.secretAccessKey,
      AWS_SESSION_TOKEN: issued.sessionToken,
    });
  };
}

async function roleNamed(roleArn: string, { space }: Pick<Guards, 'space'>) {
  const parsed = parseArn(roleArn);
  if (!parsed.ok) return undefined;
  const { account, resource } = parsed.value;
  return space.reader.get(roles, nameKey(account, resource.split('/').at(-1) ?? ''));
}
