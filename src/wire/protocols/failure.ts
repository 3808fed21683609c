/** What every protocol needs to know of a fault before it writes it its own way. */
import type { ServiceModel, StructureType } from '../model/types.ts';
import type { Fault } from '../operation.ts';

export interface Failure {
  readonly status: number;
  readonly fault: 'Sender' | 'Receiver';
  /** The code the query protocol uses for it. */
  readonly queryCode: string;
  /** Absent for codes the service's model does not have. */
  readonly shape: StructureType | undefined;
  /** Members of the shape, the message under the shape's own name for it. */
  readonly modelled: Readonly<Record<string, unknown>>;
  /** Members no model has (S3's Key and BucketName), without the message. */
  readonly loose: Readonly<Record<string, unknown>>;
}

/**
 * Looks the fault up in the service's model: the status is the fault's own, else the query
 * protocol's for services that speak or spoke it, else the shape's, else 400 or 500.
 */
export function describeFailure(service: ServiceModel | undefined, fault: Fault): Failure {
  const shape = service?.errors.get(fault.code);
  const traits = shape?.error;
  const speaksQuery = service?.facts.query !== undefined;
  const status =
    fault.status ??
    (speaksQuery ? traits?.query?.status : undefined) ??
    traits?.status ??
    (traits?.fault === 'server' ? 500 : 400);
  const known = new Set(shape?.members.map((member) => member.name));
  const messageName = shape?.members.find((m) => m.name.toLowerCase() === 'message')?.name;
  const members = Object.entries(fault.members);
  const modelled = Object.fromEntries(members.filter(([name]) => known.has(name)));
  if (messageName) modelled[messageName] = fault.message;
  return {
    status,
    fault: status >= 500 ? 'Receiver' : 'Sender',
    queryCode: traits?.query?.code ?? (isValidation(fault) ? 'ValidationError' : fault.code),
    shape,
    modelled,
    loose: Object.fromEntries(members.filter(([name]) => !known.has(name))),
  };
}

/** What breaks a constraint has one code in the query protocol and another in the rest. */
function isValidation({ code }: Fault): boolean {
  return code === 'ValidationException';
}

/** The header by which clients of once-query services learn the old code. */
export function queryErrorHeader(
  service: ServiceModel | undefined,
  failure: Failure,
): Record<string, string> {
  if (!service?.facts.queryCompatible) return {};
  return { 'x-amzn-query-error': `${failure.queryCode};${failure.fault}` };
}
