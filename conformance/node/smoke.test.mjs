/**
 * What a version of Node could break: each native or WebAssembly package once (the database, analytics,
 * inference), and keys in every form that is written. Against the server of AWS_ENDPOINT_URL.
 */
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { createGzip } from 'node:zlib';
import {
  CloudTrailClient,
  CreateTrailCommand,
  DeleteTrailCommand,
  ListPublicKeysCommand,
  StartLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
} from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateProcessingJobCommand,
  DeleteEndpointCommand,
  SageMakerClient,
  waitUntilEndpointDeleted,
  waitUntilEndpointInService,
  waitUntilProcessingJobCompletedOrStopped,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { pack } from 'tar-stream';
import { named, once, roleOf } from '../js/clients.mjs';

const s3 = new S3Client(once);
const sagemaker = new SageMakerClient(once);
const kms = new KMSClient(once);
const trails = new CloudTrailClient(once);
const waiting = { client: sagemaker, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
const name = named('node');
const onnx = readFileSync(new URL('../models/sum.onnx', import.meta.url));
const analyzer = '156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer';

async function newBucket() {
  const Bucket = named('node');
  await s3.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

test('a model answers from its archive', async () => {
  const Bucket = await newBucket();
  const archive = pack();
  archive.entry({ name: 'model.onnx' }, onnx);
  archive.finalize();
  const Body = await buffer(archive.pipe(createGzip()));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'model.tar.gz', Body }));
  const PrimaryContainer = {
    Image: 'modelkeep/onnx',
    ModelDataUrl: `s3://${Bucket}/model.tar.gz`,
  };
  const ExecutionRoleArn = await roleOf(Bucket);
  await sagemaker.send(
    new CreateModelCommand({ ModelName: name, ExecutionRoleArn, PrimaryContainer }),
  );
  const ProductionVariants = [
    { VariantName: 'All', ModelName: name, InstanceType: 'ml.m5.large', InitialInstanceCount: 1 },
  ];
  await sagemaker.send(
    new CreateEndpointConfigCommand({ EndpointConfigName: name, ProductionVariants }),
  );
  await sagemaker.send(new CreateEndpointCommand({ EndpointName: name, EndpointConfigName: name }));
  await waitUntilEndpointInService(waiting, { EndpointName: name });
  const answer = await new SageMakerRuntimeClient(once).send(
    new InvokeEndpointCommand({ EndpointName: name, ContentType: 'text/csv', Body: '1,2,3' }),
  );
  assert.equal(Number(Buffer.from(answer.Body).toString()), 14.5);
  await sagemaker.send(new DeleteEndpointCommand({ EndpointName: name }));
  await waitUntilEndpointDeleted(waiting, { EndpointName: name });
});

test('a baseline is computed', async () => {
  const Bucket = await newBucket();
  const rows = Array.from({ length: 200 }, (_, at) => `${at},${at % 7}`).join('\n');
  await s3.send(new PutObjectCommand({ Bucket, Key: 'in/data.csv', Body: `a,b\n${rows}\n` }));
  const input = '/opt/ml/processing/input';
  const output = '/opt/ml/processing/output';
  const S3Input = { S3Uri: `s3://${Bucket}/in`, LocalPath: input, S3DataType: 'S3Prefix' };
  const S3Output = { S3Uri: `s3://${Bucket}/out`, LocalPath: output, S3UploadMode: 'EndOfJob' };
  await sagemaker.send(
    new CreateProcessingJobCommand({
      ProcessingJobName: name,
      RoleArn: await roleOf(Bucket),
      AppSpecification: { ImageUri: analyzer },
      ProcessingResources: {
        ClusterConfig: { InstanceCount: 1, InstanceType: 'ml.m5.xlarge', VolumeSizeInGB: 20 },
      },
      Environment: {
        dataset_format: '{"csv":{"header":true}}',
        dataset_source: input,
        output_path: output,
      },
      ProcessingInputs: [{ InputName: 'data', S3Input: { ...S3Input, S3InputMode: 'File' } }],
      ProcessingOutputConfig: { Outputs: [{ OutputName: 'told', S3Output }] },
    }),
  );
  await waitUntilProcessingJobCompletedOrStopped(waiting, { ProcessingJobName: name });
  const told = await s3.send(new GetObjectCommand({ Bucket, Key: 'out/statistics.json' }));
  const { dataset, features } = JSON.parse(await told.Body.transformToString());
  assert.equal(dataset.item_count, 200);
  assert.equal(features[0].numerical_statistics.mean, 99.5);
});

for (const KeySpec of ['RSA_2048', 'ECC_NIST_P256', 'ECC_SECG_P256K1']) {
  test(`${KeySpec}: what it signs is verified elsewhere`, async () => {
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }),
    );
    const KeyId = KeyMetadata.KeyId;
    const SigningAlgorithm = KeySpec.startsWith('RSA')
      ? 'RSASSA_PKCS1_V1_5_SHA_256'
      : 'ECDSA_SHA_256';
    const Message = Buffer.from('every version signs alike');
    const { Signature } = await kms.send(
      new SignCommand({ KeyId, Message, SigningAlgorithm, MessageType: 'RAW' }),
    );
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
    assert.ok(verify('sha256', Message, key, Signature));
  });
}

test('what is encrypted is decrypted', async () => {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const Plaintext = Buffer.from('kept');
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId: KeyMetadata.KeyId, Plaintext }),
  );
  const told = await kms.send(new DecryptCommand({ CiphertextBlob }));
  assert.deepEqual(Buffer.from(told.Plaintext), Plaintext);
});

test('a trail starts to be delivered and signed', async () => {
  const Bucket = await newBucket();
  const Service = 'cloudtrail.amazonaws.com';
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { Service },
      Action: 's3:GetBucketAcl',
      Resource: `arn:aws:s3:::${Bucket}`,
    },
    {
      Effect: 'Allow',
      Principal: { Service },
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${Bucket}/*`,
    },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  await trails.send(
    new CreateTrailCommand({ Name: name, S3BucketName: Bucket, EnableLogFileValidation: true }),
  );
  await trails.send(new StartLoggingCommand({ Name: name }));
  const { PublicKeyList } = await trails.send(new ListPublicKeysCommand({}));
  for (const { Value } of PublicKeyList) {
    const key = createPublicKey({ key: Buffer.from(Value), format: 'der', type: 'pkcs1' });
    assert.equal(key.asymmetricKeyDetails.modulusLength, 2048);
  }
  await trails.send(new DeleteTrailCommand({ Name: name }));
});
