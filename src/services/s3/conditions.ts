/** If-Match and its family, for reads (RFC 9110, section 13), copies and writes. */
import type { StoredVersion } from '../../engines/objects/rows.ts';
import type { Precondition } from '../../engines/objects/versions.ts';
import { secondMs } from '../../kernel/clock.ts';
import { faults } from './faults.ts';
import { quoted, unquoted } from './ground.ts';

export interface ReadConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  readonly IfModifiedSince?: Date | undefined;
  readonly IfUnmodifiedSince?: Date | undefined;
}

/** The first condition, by precedence, that does not hold. */
export function failing(
  { object, modifiedAtMs }: StoredVersion,
  conditions: ReadConditions,
): keyof ReadConditions | undefined {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  const { etag } = object;
  if (IfMatch !== undefined) {
    if (!names(IfMatch, etag)) return 'IfMatch';
  } else if (IfUnmodifiedSince && seconds(modifiedAtMs) > seconds(IfUnmodifiedSince.getTime())) {
    return 'IfUnmodifiedSince';
  }
  if (IfNoneMatch !== undefined) return names(IfNoneMatch, etag) ? 'IfNoneMatch' : undefined;
  const since = IfModifiedSince?.getTime();
  if (since !== undefined && seconds(modifiedAtMs) <= seconds(since)) return 'IfModifiedSince';
  return undefined;
}

/** HTTP dates have no fractions. */
const seconds = (ms: number) => Math.floor(ms / secondMs);

/** `*`, one etag or several. */
function names(header: string, etag: string): boolean {
  const listed = header.split(',').map((one) => unquoted(one.trim().replace(/^W\//, '')));
  return listed.includes('*') || listed.includes(etag);
}

/** Throws PreconditionFailed, or NotModified with what a cache needs to keep its copy. */
export function checkRead(version: StoredVersion, conditions: ReadConditions): void {
  const failed = failing(version, conditions);
  if (failed === 'IfMatch') throw faults.preconditionFailed('If-Match');
  if (failed === 'IfUnmodifiedSince') throw faults.preconditionFailed('If-Unmodified-Since');
  if (!failed) return;
  const { cacheControl, expiresAtMs } = version.object.headers;
  throw faults.notModified({
    etag: quoted(version.object.etag),
    'last-modified': new Date(version.modifiedAtMs).toUTCString(),
    ...(cacheControl === undefined ? {} : { 'cache-control': cacheControl }),
    ...(expiresAtMs === undefined ? {} : { expires: new Date(expiresAtMs).toUTCString() }),
  });
}

export interface CopyConditions {
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
}

/** Throws PreconditionFailed, for the two that a read answers NotModified as well. */
export function checkSource(version: StoredVersion, conditions: CopyConditions): void {
  const failed = failing(version, {
    IfMatch: conditions.CopySourceIfMatch,
    IfNoneMatch: conditions.CopySourceIfNoneMatch,
    IfModifiedSince: conditions.CopySourceIfModifiedSince,
    IfUnmodifiedSince: conditions.CopySourceIfUnmodifiedSince,
  });
  if (!failed) return;
  const header = failed.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw faults.preconditionFailed(`x-amz-copy-source${header}`);
}

export interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** Writes know `If-Match: <etag>` and `If-None-Match: *`; anything else is NotImplemented. */
export function preconditionOf({ IfMatch, IfNoneMatch }: WriteConditions): Precondition {
  if (IfNoneMatch !== undefined && IfNoneMatch.trim() !== '*') {
    throw faults.notImplemented('If-None-Match');
  }
  return {
    ...(IfMatch === undefined ? {} : { ifMatch: unquoted(IfMatch) }),
    ...(IfNoneMatch === undefined ? {} : { ifAbsent: true }),
  };
}
