/** What everything that notifies hands to the topics engine, which is in this folder. */
import type { Outcome } from '../../kernel/outcome.ts';

export interface TopicMessage {
  readonly subject?: string;
  readonly message: string;
}

export interface TopicPublisher {
  /** Accepted durably for every confirmed subscription when it resolves; refused when unknown. */
  publish(
    topicArn: string,
    message: TopicMessage,
  ): Promise<Outcome<{ readonly messageId: string }>>;
}
