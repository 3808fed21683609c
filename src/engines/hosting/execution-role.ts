/** The role that a model was given: what it may read, and what is captured of it may be written. */
import type { Model } from './rows.ts';

/** Undefined for a model without one, which may use no objects at all. */
export function executionRoleOf({ request }: Pick<Model, 'request'>): string | undefined {
  const { ExecutionRoleArn: role } = request;
  return typeof role === 'string' && role !== '' ? role : undefined;
}
