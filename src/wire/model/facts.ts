/** The services the wire layer can decode. One entry and one generated model each. */
import type { ServiceFacts } from './types.ts';

const all: readonly ServiceFacts[] = [
  json('sagemaker', 'SageMaker', '2017-07-24'),
  {
    ...json('sagemaker-runtime', 'AmazonSageMakerRuntime', '2017-05-13'),
    signingNames: ['sagemaker'],
    rest: 'rest-json',
  },
  {
    ...json('s3', 'AmazonS3', '2006-03-01'),
    signingNames: ['s3', 's3express'],
    rest: 'rest-xml',
    xmlns: 'http://s3.amazonaws.com/doc/2006-03-01/',
  },
  query('sts', '2011-06-15', 'https://sts.amazonaws.com/doc/2011-06-15/'),
  query('iam', '2010-05-08', 'https://iam.amazonaws.com/doc/2010-05-08/'),
  json('kms', 'TrentService', '2014-11-01'),
  {
    ...json('cloudwatch', 'GraniteServiceVersion20100801', '2010-08-01'),
    signingNames: ['monitoring'],
    query: 'query',
    queryCompatible: true,
    xmlns: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
  },
  json('logs', 'Logs_20140328', '2014-03-28'),
  json('events', 'AWSEvents', '2015-10-07'),
  query('sns', '2010-03-31', 'http://sns.amazonaws.com/doc/2010-03-31/'),
  {
    ...json('sqs', 'AmazonSQS', '2012-11-05'),
    query: 'query',
    queryCompatible: true,
    xmlns: 'http://queue.amazonaws.com/doc/2012-11-05/',
  },
  json('secretsmanager', 'secretsmanager', '2017-10-17'),
  json('cloudtrail', 'CloudTrail_20131101', '2013-11-01'),
];

function json(id: string, target: string, version: string): ServiceFacts {
  const namespace = `com.amazonaws.${id}`;
  return { id, signingNames: [id], target, version, xmlns: '', namespace };
}

function query(id: string, version: string, xmlns: string): ServiceFacts {
  return { ...json(id, '', version), query: 'query', xmlns };
}

export const factsById: ReadonlyMap<string, ServiceFacts> = new Map(all.map((f) => [f.id, f]));

/** Of services that can be called by target: not by binding to the URI, nor by `Action` alone. */
export const factsByTarget: ReadonlyMap<string, ServiceFacts> = new Map(
  all.filter((f) => f.target && !f.rest).map((f) => [f.target, f]),
);

/** The `Version` parameter is unique among services of the query protocol. */
export const factsByVersion: ReadonlyMap<string, ServiceFacts> = new Map(
  all.filter((f) => f.query).map((f) => [f.version, f]),
);

export const restFactsBySigningName: ReadonlyMap<string, ServiceFacts> = new Map(
  all.filter((f) => f.rest).flatMap((f) => f.signingNames.map((name) => [name, f] as const)),
);
