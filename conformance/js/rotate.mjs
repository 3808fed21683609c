/**
 * A rotation function as people write it for Lambda: four steps, each of which may be called again.
 * The value becomes a random password. Not a test: servers that tests start are told of it.
 */
import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';

const client = new SecretsManagerClient({});
const current = 'AWSCURRENT';
const pending = 'AWSPENDING';

const steps = {
  async createSecret({ SecretId, ClientRequestToken, RotationToken }) {
    if (await valueOf({ SecretId, ClientRequestToken })) return;
    const asked = { PasswordLength: 40, ExcludePunctuation: true };
    const { RandomPassword } = await client.send(new GetRandomPasswordCommand(asked));
    const put = { SecretId, ClientRequestToken, RotationToken, SecretString: RandomPassword };
    await client.send(new PutSecretValueCommand({ ...put, VersionStages: [pending] }));
  },
  /** There is no database whose password would be changed. */
  async setSecret() {},
  async testSecret(event) {
    const value = await valueOf(event);
    if (value?.length !== 40) throw new Error('the new value is not as it was put');
  },
  async finishSecret({ SecretId, ClientRequestToken: MoveToVersionId }) {
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId }));
    const versions = Object.entries(VersionIdsToStages);
    const [RemoveFromVersionId] = versions.find(([, stages]) => stages.includes(current));
    if (RemoveFromVersionId === MoveToVersionId) return;
    const move = { SecretId, VersionStage: current, MoveToVersionId, RemoveFromVersionId };
    await client.send(new UpdateSecretVersionStageCommand(move));
  },
};

async function valueOf({ SecretId, ClientRequestToken: VersionId }) {
  const asked = new GetSecretValueCommand({ SecretId, VersionId, VersionStage: pending });
  try {
    return (await client.send(asked)).SecretString;
  } catch (error) {
    if (error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

export async function handler(event) {
  await steps[event.Step](event);
}
