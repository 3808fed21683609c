/** Amazon Resource Names: the one place that spells `arn:`. Nothing here checks existence. */
import type { Outcome } from './outcome.ts';

/** Where a request is acting. Always passed, never read from a global. */
export interface Scope {
  readonly partition: string;
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

declare const arnBrand: unique symbol;
export type Arn = string & { readonly [arnBrand]: true };

export interface ArnParts extends Scope {
  readonly service: string;
  /** Everything after the fifth colon, colons and slashes included. */
  readonly resource: string;
}

/** For services without a region or an account in their names, pass empty strings in `scope`. */
export function formatArn(scope: Scope, service: string, resource: string): Arn {
  return `arn:${scope.partition}:${service}:${scope.region}:${scope.account}:${resource}` as Arn;
}

export function parseArn(text: string): Outcome<ArnParts> {
  const [prefix, partition, service, region, account, ...rest] = text.split(':');
  const resource = rest.join(':');
  if (prefix !== 'arn' || !partition || !service || resource === '') {
    return { ok: false, reason: `not an ARN: ${text.slice(0, 200)}` };
  }
  return {
    ok: true,
    value: { partition, service, region: region ?? '', account: account ?? '', resource },
  };
}
