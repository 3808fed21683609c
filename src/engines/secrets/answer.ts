/** How the secrets engine answers: with a value, or with a problem and Amazon's words for it. */

export type SecretProblem =
  | 'notFound'
  | 'exists'
  | 'invalidRequest'
  | 'invalidParameter'
  | 'limit'
  /** The key does not seal: it is disabled, gone, or of the wrong kind. */
  | 'encryption'
  /** The key does not open. */
  | 'decryption';

export interface SecretRefusal {
  readonly ok: false;
  readonly problem: SecretProblem;
  /** Fit for the client; holds no value. */
  readonly reason: string;
}

export type SecretAnswer<T> = { readonly ok: true; readonly value: T } | SecretRefusal;

export function given<T>(value: T): SecretAnswer<T> {
  return { ok: true, value };
}

function no(problem: SecretProblem, reason: string): SecretRefusal {
  return { ok: false, problem, reason };
}

export const refusals = {
  noSecret: () => no('notFound', "Secrets Manager can't find the specified secret."),
  noValue: (which: string) =>
    no('notFound', `Secrets Manager can't find the specified secret value for ${which}`),
  deleted: () =>
    no(
      'invalidRequest',
      "You can't perform this operation on the secret because it was marked for deletion.",
    ),
  nameTaken: (name: string) =>
    no('exists', `The operation failed because the secret ${name} already exists.`),
  nameWaits: () =>
    no(
      'invalidRequest',
      "You can't create this secret because a secret with this name is already scheduled for " +
        'deletion.',
    ),
  versionTaken: (id: string) =>
    no(
      'exists',
      `The operation failed because the version ${id} already exists with another value.`,
    ),
  labelElsewhere: (version: string) =>
    no(
      'invalidRequest',
      `You provided a VersionStage that is not associated to the provided VersionId ${version}.`,
    ),
  onlyMoved: (label: string) =>
    no(
      'invalidParameter',
      `You can only move staging label ${label} to a different secret version. It can't be ` +
        'completely removed.',
    ),
  notNamed: (label: string, version: string) =>
    no(
      'invalidParameter',
      `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently ` +
        `attached to version ${version}, so you must explicitly reference that version in ` +
        'RemoveFromVersionId.',
    ),
  notAttached: (label: string, version: string) =>
    no(
      'invalidParameter',
      `Staging label ${label} is not currently attached to version ${version}, which is named in ` +
        'RemoveFromVersionId.',
    ),
  nothingMoved: () =>
    no('invalidParameter', 'You must specify MoveToVersionId, RemoveFromVersionId, or both.'),
  tooManyLabels: (most: number) =>
    no('limit', `A version can have at most ${most} staging labels.`),
  tooManyVersions: (most: number) =>
    no('limit', `A secret can have at most ${most} versions that are younger than a day.`),
  barred: (step: string) =>
    no(
      'invalidRequest',
      `A rotation of this secret is in progress (${step}): until it has ended, AWSCURRENT moves ` +
        'only to the version that is rotated, and only in finishSecret. Cancel the rotation first.',
    ),
  badRotationToken: () =>
    no('invalidParameter', 'The RotationToken is not that of a rotation in progress.'),
  encryption: (reason: string) =>
    no(
      'encryption',
      "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check " +
        'that the KMS key is available, enabled, and not in an invalid state. ' +
        reason,
    ),
  decryption: (reason: string) =>
    no(
      'decryption',
      "Secrets Manager can't decrypt the protected secret text using the provided KMS key. " +
        reason,
    ),
  busy: () => no('invalidRequest', 'The secret was changed at the same time. Try again.'),
  noFunction: () =>
    no('invalidRequest', 'No Lambda rotation function ARN is associated with this secret.'),
  unfinished: () =>
    no('invalidRequest', "A previous rotation isn't complete. That rotation will be reattempted."),
  notRotated: () =>
    no('invalidRequest', "You can't cancel the rotation of a secret that has none turned on."),
};
