/**
 * Members of requests that would change what the answer means and that nothing here does: they are
 * refused, never passed over.
 */
import { faults } from './faults.ts';

/** Member to the header a client knows it by. */
const unbuiltMembers: Readonly<Record<string, string>> = {
  WebsiteRedirectLocation: 'x-amz-website-redirect-location',
  ObjectLockMode: 'x-amz-object-lock-mode',
  ObjectLockRetainUntilDate: 'x-amz-object-lock-retain-until-date',
  ObjectLockLegalHoldStatus: 'x-amz-object-lock-legal-hold',
  ObjectLockEventHold: 'x-amz-object-lock-event-hold',
  ObjectLockEventHoldDurationDays: 'x-amz-object-lock-event-hold-duration-days',
  ObjectLockEventHoldDurationYears: 'x-amz-object-lock-event-hold-duration-years',
  ObjectLockEnabledForBucket: 'x-amz-bucket-object-lock-enabled',
  BucketNamespace: 'x-amz-bucket-namespace',
  AnnotationDirective: 'x-amz-annotation-directive',
  WriteOffsetBytes: 'x-amz-write-offset-bytes',
  MFA: 'x-amz-mfa',
  IfMatchLastModifiedTime: 'x-amz-if-match-last-modified-time',
  IfMatchSize: 'x-amz-if-match-size',
};

const grants = [
  'GrantFullControl',
  'GrantRead',
  'GrantReadACP',
  'GrantWrite',
  'GrantWriteACP',
] as const;
/** Both say what is the case without them: the bucket's owner owns every object. */
const acceptedAcls: ReadonlySet<unknown> = new Set(['private', 'bucket-owner-full-control']);

/** Throws NotImplemented, and AccessControlListNotSupported as buckets without ACLs do. */
export function refuseUnbuilt(input: object): void {
  const members = input as Readonly<Record<string, unknown>>;
  for (const [member, header] of Object.entries(unbuiltMembers)) {
    const value = members[member];
    if (value !== undefined && value !== false) throw faults.notImplemented(header);
  }
  const { ACL } = members;
  if (ACL !== undefined && !acceptedAcls.has(ACL)) throw faults.noAcls();
  if (grants.some((grant) => members[grant] !== undefined)) throw faults.noAcls();
}
