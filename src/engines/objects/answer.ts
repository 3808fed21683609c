/** How the object engine says no: an outcome whose refusal has a kind the caller can act on. */
import type { Refusal } from '../../kernel/outcome.ts';

export type Why =
  | 'noBucket'
  | 'bucketExists'
  | 'bucketNotEmpty'
  | 'noObject'
  | 'noVersion'
  | 'isMarker'
  | 'precondition'
  | 'changed'
  | 'tooLarge'
  | 'noUpload'
  | 'badPart'
  | 'partOrder'
  | 'partTooSmall'
  | 'partChecksumMissing'
  | 'badChecksum'
  | 'badSize'
  /** `detail.problem` says what is the matter with the managed key, as `KeyProblem`. */
  | 'keyProblem'
  | 'customerKeyMissing'
  | 'customerKeyUnwanted'
  | 'customerKeyWrong'
  | 'customerKeysBlocked';

export interface No extends Refusal {
  readonly why: Why;
  /** The version that is a delete marker, the part's number, … */
  readonly detail?: Readonly<Record<string, string | number>>;
}

export type Answer<T> = { readonly ok: true; readonly value: T } | No;

export function no(why: Why, reason: string, detail?: No['detail']): No {
  return detail === undefined ? { ok: false, why, reason } : { ok: false, why, reason, detail };
}

export const noBucket = (bucket: string) => no('noBucket', `there is no bucket ${bucket}`);
export const noObject = (key: string) => no('noObject', `there is no object ${key}`);
