/** What is told on the bus about rotations, as the trail's service events tell it. */
import type { EventBus } from '../../engines/events/bus.ts';
import type { RotationRow, SecretRow } from '../../engines/secrets/rows.ts';

export const eventSource = 'aws.secretsmanager';
export const detailType = 'AWS Service Event via CloudTrail';

export type RotationEvent = 'Started' | 'Succeeded' | 'Failed' | 'Abandoned';

export interface Told {
  readonly secret: SecretRow;
  readonly rotation: RotationRow;
  readonly event: RotationEvent;
  readonly partition: string;
  /** Of a failure: the step, the reason (without secrets), and when it is tried again. */
  readonly failure?: {
    readonly step: string;
    readonly reason: string;
    readonly retryAtMs: number | undefined;
  };
}

export async function publishRotation(events: EventBus, told: Told): Promise<void> {
  const { secret, rotation, event, failure, partition } = told;
  const { account, region, arn } = secret;
  const isTest = rotation.kind === 'test' && event !== 'Abandoned';
  const retryAtMs = failure?.retryAtMs;
  await events.publish({
    ...{ source: eventSource, detailType, resources: [arn] },
    scope: { partition, account, region },
    detail: {
      eventSource: 'secretsmanager.amazonaws.com',
      eventName: `${isTest ? 'Test' : ''}Rotation${event}`,
      eventType: 'AwsServiceEvent',
      awsRegion: region,
      recipientAccountId: account,
      additionalEventData: {
        SecretId: arn,
        VersionId: rotation.token,
        ...(failure ? { Step: failure.step } : {}),
        ...(retryAtMs === undefined ? {} : { RetryAt: new Date(retryAtMs).toISOString() }),
      },
      ...(failure ? { errorMessage: failure.reason } : {}),
    },
  });
}
