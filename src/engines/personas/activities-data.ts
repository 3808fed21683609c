/** Activities about data, and what jobs and models themselves need, as data. */

import { watching } from './activities-platform.ts';
import { describeKeys, grants, of, onAll, onObject, probe, probes, strange } from './templates.ts';
import type { Activity, Facts, Probe } from './types.ts';

/** Keys of data, as objects in buckets are encrypted under. */
const objectKeys = {
  sid: 'UseDataKeys',
  actions: of('kms', 'Decrypt GenerateDataKey'),
  resources: ['[[dataKeys]]'],
  conditions: { StringLike: { 'kms:ViaService': ['s3.*.amazonaws.com'] } },
  onlyWith: ['keys'] as const,
};

function keyProbes({ lists, withKeys }: Facts): { allowed: Probe[]; refused: Probe[] } {
  if (!withKeys) return { allowed: [], refused: [] };
  const resource = (lists.dataKeys[0] ?? '').split(':').slice(2).join(':');
  const via = { 'kms:viaservice': 's3.us-east-1.amazonaws.com' };
  return {
    allowed: [{ action: 'kms:Decrypt', resource, keys: via }],
    refused: [
      { action: 'kms:Decrypt', resource, keys: { 'kms:viaservice': undefined } },
      { action: 'kms:Encrypt', resource },
    ],
  };
}

export const accessRequiredServices: Activity = {
  id: 'access-required-services',
  title: 'Access required services',
  meaning: 'what jobs and models need to run: objects, images, metrics and logs',
  needs: ['buckets'],
  options: ['repositories', 'dataKeys', 'volumeKeys', 'subnets', 'securityGroups'],
  statements: [
    {
      sid: 'ListBuckets',
      actions: of('s3', 'ListBucket GetBucketLocation'),
      resources: ['s3:::[[buckets]]'],
    },
    {
      sid: 'UseObjects',
      actions: of('s3', 'GetObject PutObject AbortMultipartUpload'),
      resources: ['s3:::[[buckets]]/*'],
    },
    {
      sid: 'ReportAndSignIn',
      actions: ['sagemaker:BatchPutMetrics', 'ecr:GetAuthorizationToken'],
      resources: ['*'],
    },
    {
      sid: 'PullImages',
      actions: of(
        'ecr',
        'BatchCheckLayerAvailability GetDownloadUrlForLayer BatchGetImage ListImages',
      ),
      resources: ['[[repositories]]'],
    },
    {
      sid: 'PutMetrics',
      actions: ['cloudwatch:PutMetricData'],
      resources: ['*'],
      conditions: {
        StringLike: { 'cloudwatch:namespace': ['*SageMaker*', '*/aws/sagemaker/*'] },
      },
    },
    {
      sid: 'WriteLogs',
      actions: of('logs', 'CreateLogGroup CreateLogStream PutLogEvents DescribeLogStreams'),
      resources: ['logs:*:{{account}}:log-group:/aws/sagemaker/*'],
    },
    {
      sid: 'JoinNetwork',
      actions: of(
        'ec2',
        'CreateNetworkInterface CreateNetworkInterfacePermission DeleteNetworkInterface ' +
          'DeleteNetworkInterfacePermission DescribeNetworkInterfaces DescribeVpcs ' +
          'DescribeDhcpOptions DescribeSubnets DescribeSecurityGroups',
      ),
      resources: ['*'],
      onlyWith: ['vpc'],
    },
    objectKeys,
    grants,
    describeKeys,
  ],
  expects(facts) {
    const { buckets } = facts.lists;
    const keys = keyProbes(facts);
    const log = 'log-group:/aws/sagemaker/Endpoints/e:log-stream:s';
    const metrics = { action: 'cloudwatch:PutMetricData', resource: '*' };
    return {
      allowed: [
        ...buckets.map((bucket) => ({ action: 's3:ListBucket', resource: `s3:::${bucket}` })),
        ...buckets.flatMap((bucket) => [
          onObject('s3:GetObject', bucket),
          onObject('s3:PutObject', bucket),
        ]),
        { ...metrics, keys: { 'cloudwatch:namespace': '/aws/sagemaker/Endpoints/data-metrics' } },
        { ...metrics, keys: { 'cloudwatch:namespace': 'aws/SageMaker/x' } },
        probe(facts, 'logs:PutLogEvents', log),
        ...keys.allowed,
      ],
      refused: [
        ...buckets.map((bucket) => ({
          ...onObject('s3:DeleteObject', bucket),
          unless: 'use-buckets use-all-buckets',
        })),
        { ...metrics, keys: { 'cloudwatch:namespace': 'Billing' }, unless: watching },
        { ...metrics, keys: { 'cloudwatch:namespace': undefined }, unless: watching },
        probe(facts, 'logs:PutLogEvents', 'log-group:other:log-stream:s'),
        ...keys.refused,
      ],
    };
  },
};

export const useBuckets: Activity = {
  id: 'use-buckets',
  title: 'Use buckets',
  meaning: 'reads, writes and deletes objects of the given buckets',
  needs: ['buckets'],
  options: ['dataKeys', 'volumeKeys'],
  statements: [
    {
      sid: 'ListBuckets',
      actions: of('s3', 'ListBucket GetBucketLocation'),
      resources: ['s3:::[[buckets]]'],
    },
    {
      sid: 'UseObjects',
      actions: of('s3', 'GetObject PutObject DeleteObject AbortMultipartUpload'),
      resources: ['s3:::[[buckets]]/*'],
    },
    objectKeys,
  ],
  expects(facts) {
    const keys = keyProbes(facts);
    return {
      allowed: [
        ...facts.lists.buckets.flatMap((bucket) => [
          { action: 's3:ListBucket', resource: `s3:::${bucket}` },
          onObject('s3:GetObject', bucket),
          onObject('s3:PutObject', bucket),
          onObject('s3:DeleteObject', bucket),
        ]),
        ...keys.allowed,
      ],
      // A name that only begins like one of the buckets is another bucket.
      refused: [
        ...facts.lists.buckets
          .filter((bucket) => !facts.lists.buckets.includes(`${bucket}-${strange}`))
          .map((bucket) => ({
            ...onObject('s3:GetObject', `${bucket}-${strange}`),
            unless: 'use-all-buckets',
          })),
        ...keys.refused,
      ],
    };
  },
};

export const useAllBuckets: Activity = {
  id: 'use-all-buckets',
  title: 'Use all buckets',
  meaning: 'reads, writes and deletes objects of every bucket',
  needs: [],
  options: [],
  statements: [
    {
      sid: 'ListBuckets',
      actions: of('s3', 'ListBucket GetBucketLocation'),
      resources: ['s3:::*'],
    },
    {
      sid: 'UseObjects',
      actions: of('s3', 'GetObject PutObject DeleteObject AbortMultipartUpload'),
      resources: ['s3:::*/*'],
    },
    { sid: 'SeeBuckets', actions: ['s3:ListAllMyBuckets'], resources: ['*'] },
  ],
  expects: () => ({
    allowed: [
      { action: 's3:ListBucket', resource: `s3:::${strange}` },
      onObject('s3:GetObject', strange),
      onObject('s3:PutObject', strange),
      onObject('s3:DeleteObject', strange),
    ],
    refused: of('s3', 'DeleteBucket PutBucketPolicy').map((action) => ({
      action,
      resource: `s3:::${strange}`,
    })),
  }),
};

export const queryAthena: Activity = {
  id: 'query-athena',
  title: 'Query Athena workgroups',
  meaning: 'runs queries in the given workgroups',
  needs: [],
  options: ['workgroups'],
  statements: [
    {
      sid: 'Query',
      actions: of(
        'athena',
        'StartQueryExecution StopQueryExecution GetQueryExecution GetQueryResults GetWorkGroup',
      ),
      resources: ['athena:*:{{account}}:workgroup/[[workgroups]]'],
    },
    {
      sid: 'SeeCatalogs',
      actions: of('athena', 'ListDataCatalogs ListDatabases ListTableMetadata'),
      resources: ['*'],
    },
  ],
  expects: (facts) => ({
    allowed: [
      ...facts.lists.workgroups.map((name) =>
        probe(facts, 'athena:StartQueryExecution', `workgroup/${name}`),
      ),
      ...onAll(of('athena', 'ListDataCatalogs')),
    ],
    refused: [probe(facts, 'athena:StartQueryExecution', `workgroup/${strange}`)],
  }),
};

export const manageGlueTables: Activity = {
  id: 'manage-glue-tables',
  title: 'Manage Glue tables',
  meaning: 'sees and changes tables of the given databases, and their objects',
  needs: ['buckets', 'databases'],
  options: ['dataKeys', 'volumeKeys'],
  statements: [
    {
      sid: 'ManageTables',
      actions: of('glue', 'SearchTables GetTable GetTables GetDatabase CreateTable UpdateTable'),
      resources: [
        'glue:*:{{account}}:catalog',
        'glue:*:{{account}}:database/[[databases]]',
        'glue:*:{{account}}:table/[[databases]]/*',
      ],
    },
    {
      // Rights over a bucket are rights on the bucket, not on its objects.
      sid: 'SeeBuckets',
      actions: of('s3', 'ListBucket GetBucketLocation GetBucketAcl'),
      resources: ['s3:::[[buckets]]'],
    },
    {
      sid: 'UseObjects',
      actions: of('s3', 'GetObject PutObject'),
      resources: ['s3:::[[buckets]]/*'],
    },
    objectKeys,
  ],
  expects: (facts) => ({
    allowed: [
      ...facts.lists.databases.flatMap((name) =>
        probes(facts, of('glue', 'GetTable UpdateTable'), `table/${name}/t`),
      ),
      ...facts.lists.buckets.map((bucket) => ({
        action: 's3:GetBucketAcl',
        resource: `s3:::${bucket}`,
      })),
    ],
    refused: [probe(facts, 'glue:UpdateTable', `table/${strange}/t`)],
  }),
};
