/** Tells a trail's topic which log files were delivered. */
import type { TopicPublisher } from '../../engines/topics/publisher.ts';
import { parseTopicArn } from '../../engines/topics/rows.ts';
import type { Topics } from '../../engines/topics/topics.ts';
import type { TrailRow } from '../../engines/trail/digests/rows.ts';
import type { TrailAdmission } from './admission.ts';

export interface NoticeParts {
  readonly topics: TopicPublisher & Pick<Topics, 'find'>;
  readonly admission: TrailAdmission;
}

/** The code of what went wrong; undefined when it was published. */
export async function notify(
  { topics, admission }: NoticeParts,
  trail: TrailRow,
  keys: readonly string[],
): Promise<string | undefined> {
  const at = parseTopicArn(trail.topicArn ?? '');
  const topic = at && (await topics.find(at));
  if (!topic) return 'NotFound';
  if (!(await admission.mayNotify(trail, topic))) return 'AuthorizationError';
  const message = JSON.stringify({ s3Bucket: trail.bucket, s3ObjectKey: keys });
  const sent = await topics.publish(trail.topicArn ?? '', { message });
  return sent.ok ? undefined : 'InternalError';
}
