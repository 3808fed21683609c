/**
 * The documents subscribers get: what they say, what of it is signed, and the links they carry.
 * Source: "Parsing Amazon SNS message formats", developer guide.
 */

import {
  type DeliveryRow,
  type MessageRow,
  type SubscriptionRow,
  sequenceText,
  subscriptionArn,
  topicArn,
} from '../../engines/topics/rows.ts';
import type { SignatureVersion, SignedFields, Signer } from '../../engines/topics/signing.ts';

export interface Envelopes {
  /** The JSON text of a published message for one subscription. */
  notification(of: Addressed): Promise<string>;
  /** The JSON text of the question whether to subscribe, or the notice of having left. */
  handshake(
    subscription: SubscriptionRow,
    delivery: DeliveryRow,
    version: SignatureVersion,
  ): Promise<string>;
}

export interface Addressed {
  readonly subscription: SubscriptionRow;
  readonly message: MessageRow;
  readonly version: SignatureVersion;
}

const apiVersion = '2010-03-31';
/** A message to many subscriptions is signed once, not once for each. */
const signatureCacheEntries = 256;

/** The body this subscription's protocol gets. */
export function bodyFor({ subscription, message }: Omit<Addressed, 'version'>): string {
  return message.bodies[subscription.protocol] ?? message.body;
}

export function makeEnvelopes(signer: Signer, publicUrl: () => string): Envelopes {
  const signatures = new Map<string, Promise<string>>();

  function signOnce(key: string, version: SignatureVersion, fields: SignedFields) {
    const known = signatures.get(key);
    if (known) return known;
    if (signatures.size >= signatureCacheEntries) signatures.clear();
    const signature = signer.sign(version, fields);
    signatures.set(key, signature);
    // A failure is not kept: the next delivery tries again.
    signature.catch(() => signatures.delete(key));
    return signature;
  }

  async function marks(version: SignatureVersion, signature: string) {
    const name = await signer.certificateName();
    const SigningCertURL = `${publicUrl()}/_modelkeep/sns/${name}.pem`;
    return { SignatureVersion: version, Signature: signature, SigningCertURL };
  }

  return {
    async notification({ subscription, message, version }) {
      const body = bodyFor({ subscription, message });
      const { subject, sequence } = message;
      const fields = {
        Type: 'Notification',
        MessageId: message.id,
        TopicArn: topicArn(message.topic),
        ...(subject === undefined ? {} : { Subject: subject }),
        Message: body,
        Timestamp: new Date(message.publishedAtMs).toISOString(),
      };
      const key = `${version} ${message.id} ${body === message.body ? '' : subscription.protocol}`;
      const signature = await signOnce(key, version, fields);
      const attributes = Object.entries(message.attributes).map(([name, value]) => {
        return [name, { Type: value.type, Value: value.base64 ?? value.text ?? '' }];
      });
      const { Timestamp, ...head } = fields;
      const document = {
        ...head,
        ...(sequence === undefined ? {} : { SequenceNumber: sequenceText(sequence) }),
        Timestamp,
        ...(await marks(version, signature)),
        UnsubscribeURL: link(publicUrl(), 'Unsubscribe', {
          SubscriptionArn: subscriptionArn(subscription),
        }),
        ...(attributes.length > 0 ? { MessageAttributes: Object.fromEntries(attributes) } : {}),
      };
      return JSON.stringify(document, undefined, 2);
    },
    async handshake(subscription, delivery, version) {
      const arn = topicArn(subscription.topic);
      const { token } = subscription;
      const fields = {
        Type: delivery.kind,
        MessageId: delivery.message,
        Token: token,
        TopicArn: arn,
        Message: handshakeText(subscription, delivery),
        SubscribeURL: link(publicUrl(), 'ConfirmSubscription', { TopicArn: arn, Token: token }),
        Timestamp: new Date(delivery.madeAtMs).toISOString(),
      };
      const signature = await signer.sign(version, fields);
      const document = { ...fields, ...(await marks(version, signature)) };
      return JSON.stringify(document, undefined, 2);
    },
  };
}

function link(base: string, action: string, parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams({ Action: action, ...parameters, Version: apiVersion });
  return `${base}/?${query.toString()}`;
}

function handshakeText(subscription: SubscriptionRow, { kind }: DeliveryRow): string {
  if (kind === 'SubscriptionConfirmation') {
    const arn = topicArn(subscription.topic);
    return (
      `You have chosen to subscribe to the topic ${arn}.\n` +
      'To confirm the subscription, visit the SubscribeURL included in this message.'
    );
  }
  return (
    `You have chosen to deactivate subscription ${subscriptionArn(subscription)}.\n` +
    'To cancel this operation and restore the subscription, visit the SubscribeURL included ' +
    'in this message.'
  );
}
