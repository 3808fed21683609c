/** Names of container images. */

/**
 * What an image is, whoever hosts it: `123.dkr.ecr.eu-west-1.amazonaws.com/team/name:1@sha256:…` is
 * `team/name`. The first part is a registry when it has a dot or a port, or is `localhost`.
 */
export function repositoryOf(image: string): string {
  const [first = '', ...rest] = image.replace(/@[^/]*$/, '').split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = isHost ? rest.join('/') : [first, ...rest].join('/');
  return path.replace(/:[^/:]*$/, '');
}
