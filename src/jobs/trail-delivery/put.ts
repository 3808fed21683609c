/** Puts what is delivered into the trail's bucket, if the bucket and the key still let it. */

import type { Keys } from '../../engines/keys/keys.ts';
import type { PutRequest } from '../../engines/objects/putting.ts';
import type { ObjectAddress } from '../../engines/objects/space.ts';
import type { TrailRow } from '../../engines/trail/digests/rows.ts';
import { parseArn, type Scope } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import { type ByteStream, once } from '../../kernel/bytes.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import { type TrailAdmission, trailContextName } from './admission.ts';

/** `code` is what the status of the trail shows. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type PutFile = (
  trail: TrailRow,
  key: string,
  content: Uint8Array,
  metadata?: Readonly<Record<string, string>>,
) => Promise<void>;

export interface PutParts {
  readonly objects: {
    put(at: ObjectAddress, content: ByteStream, request: PutRequest): Promise<Outcome<unknown>>;
  };
  readonly keys: Pick<Keys, 'find'>;
  readonly admission: TrailAdmission;
}

/** Throws `NotDelivered`. */
export function makePutFile({ objects, keys, admission }: PutParts): PutFile {
  return async (trail, key, content, metadata = {}) => {
    const { bucket, keyArn } = trail;
    const refused = await admission.putRefusal(trail, key);
    if (refused !== undefined) throw new NotDelivered(refused, `${bucket}/${key}: ${refused}`);
    if (keyArn !== undefined) await assertSeals(trail, keyArn);
    const put = await objects.put({ bucket, key }, once(content), {
      contentType: 'application/x-gzip',
      metadata,
      ...(keyArn === undefined ? {} : { encryption: sealedFor(trail, keyArn) }),
    });
    if (!put.ok) throw new NotDelivered('InternalError', put.reason);
  };

  async function assertSeals(trail: TrailRow, keyArn: string): Promise<void> {
    const key = await keys.find(keyArn, scopeOf(trail));
    if (!key.ok) throw new NotDelivered('KMS.NotFoundException', key.reason);
    if (key.value.state !== 'Enabled') {
      throw new NotDelivered('KMS.DisabledException', `${keyArn} is ${key.value.state}.`);
    }
    if (await admission.maySeal(trail, key.value)) return;
    throw new NotDelivered('KMS.AccessDeniedException', `${keyArn} does not let the trail in`);
  }
}

/** Key policies let people read what a trail wrote by this context. */
function sealedFor({ arn }: TrailRow, reference: string) {
  return { kind: 'key', reference, context: { [trailContextName]: arn } } as const;
}

function scopeOf({ arn }: TrailRow): Scope {
  const parsed = parseArn(arn);
  return defined(parsed.ok ? parsed.value : undefined, arn);
}
