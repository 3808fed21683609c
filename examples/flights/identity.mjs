/**
 * Who does what in the demo: Role Manager makes a role for the models and jobs and one for the engineer, the
 * administrator hands over, and everything after that runs with the engineer's rights and no others.
 */
import { createHash, createHmac } from 'node:crypto';
import { CreateUserCommand, IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateModelCommand } from '@aws-sdk/client-sagemaker';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';

/** Activities of the engineer beside those of the persona `mlops-engineer`. */
const engineersActivities = [
  'manage-model-monitoring',
  'invoke-endpoints',
  'manage-alarms-and-metrics',
  'use-topics-and-queues',
  'use-buckets',
];

/** Answers the role of models and jobs, and temporary credentials of the engineer. */
export async function handOver({ options, bucket, say }) {
  const sts = new STSClient(options);
  try {
    const administrator = await sts.send(new GetCallerIdentityCommand({}));
    const compute = await roleOf(options, {
      persona: 'sagemaker-compute',
      // Bias and attribution ask the model through a server of their own.
      activities: ['explain-models'],
      name: 'flights-models',
      parameters: { buckets: [bucket] },
    });
    const engineer = await roleOf(options, {
      persona: 'mlops-engineer',
      activities: engineersActivities,
      name: 'flights-engineer',
      parameters: {
        buckets: [bucket],
        passRoles: [compute.role.arn],
        principals: [administrator.Arn],
      },
    });
    for (const { role, proof } of [compute, engineer]) {
      say(`${role.name}: proven by ${proof.length} decisions of what it must and must not do`);
    }
    const { Credentials: made } = await sts.send(
      new AssumeRoleCommand({ RoleArn: engineer.role.arn, RoleSessionName: 'demo' }),
    );
    return {
      computeRole: compute.role.arn,
      engineerRole: engineer.role.arn,
      credentials: {
        accessKeyId: made.AccessKeyId,
        secretAccessKey: made.SecretAccessKey,
        sessionToken: made.SessionToken,
      },
    };
  } finally {
    sts.destroy();
  }
}

/** Role Manager is an API of the server's own: JSON, signed like any other call. */
async function roleOf({ endpoint, region, credentials }, request) {
  const { hostname, port, host } = new URL(endpoint);
  const signer = new SignatureV4({ service: 'iam', region, credentials, sha256: Sha256 });
  const path = '/_modelkeep/roles/apply';
  const body = JSON.stringify(request);
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    ...{ hostname, port: Number(port), path, body },
    headers: { host, 'content-type': 'application/json' },
  });
  const answer = await fetch(`${endpoint}${path}`, { method: 'POST', headers, body });
  const told = await answer.json();
  if (answer.ok) return told;
  throw new Error(`Role Manager: ${told.error?.message ?? answer.status}`);
}

/** The hash that the signer asks for, by node. */
class Sha256 {
  #hash;

  constructor(secret) {
    this.#hash = secret ? createHmac('sha256', secret) : createHash('sha256');
  }

  update(data) {
    this.#hash.update(data);
  }

  async digest() {
    return this.#hash.digest();
  }
}

/** Each of these must be refused to the engineer, and refused for that reason. */
export async function refusals({ clients, options, asAdministrator, engineerRole }) {
  const account = engineerRole.split(':')[4];
  const endpointArn = `arn:aws:sagemaker:${options.engineer.region}:${account}:endpoint/any`;
  const strange = 'not-the-engineers';
  await asAdministrator.send(new CreateBucketCommand({ Bucket: strange }));
  await asAdministrator.send(new PutObjectCommand({ Bucket: strange, Key: 'x', Body: 'x' }));
  const iam = new IAMClient({ ...options.engineer });
  const administratorsIam = new IAMClient(options.administrator);
  const tries = {
    'read a bucket of others': () =>
      clients.s3.send(new GetObjectCommand({ Bucket: strange, Key: 'x' })),
    'make a user': () => iam.send(new CreateUserCommand({ UserName: 'intruder' })),
    'give a model their own rights': () =>
      clients.sagemaker.send(
        new CreateModelCommand({
          ModelName: 'greedy',
          ExecutionRoleArn: engineerRole,
          PrimaryContainer: { Image: 'modelkeep/onnx' },
        }),
      ),
  };
  try {
    const refused = await Promise.all(Object.entries(tries).map(refusedOrNot));
    const { EvaluationResults: simulated } = await administratorsIam.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: engineerRole,
        ActionNames: ['iam:CreateUser', 'sagemaker:DeleteEndpoint'],
        ResourceArns: [endpointArn],
      }),
    );
    const decisions = simulated.map(({ EvalDecision }) => EvalDecision);
    return { refused, decisions };
  } finally {
    iam.destroy();
    administratorsIam.destroy();
  }
}

async function refusedOrNot([name, attempt]) {
  try {
    await attempt();
    return { name, held: false };
  } catch (error) {
    return { name, held: /is not authorized to perform/.test(error.message) };
  }
}
