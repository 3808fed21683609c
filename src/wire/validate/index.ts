/** Refuses decoded inputs that break their model, in the words of the service they are for. */
import { faults } from '../faults.ts';
import type { OperationModel } from '../model/types.ts';
import type { Fault } from '../operation.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { violationsOf } from './constraints.ts';
import { firstMissing } from './missing.ts';
import { isSound } from './sound.ts';

export interface ValidateOptions {
  /** Only what is required is checked. */
  readonly requiredOnly?: boolean | undefined;
}

/** Services that check values themselves, in words of their own. */
const ownChecks: ReadonlySet<string> = new Set(['s3', 'sqs']);

/** Services with words of their own for what is missing. */
const missingFaults: Readonly<Record<string, (parameter: string) => Fault>> = {
  cloudwatch: (parameter) =>
    faults.invalid('MissingRequiredParameterException', `The parameter ${parameter} is required.`),
  s3: (parameter) => faults.malformedXml(`${parameter} is missing`),
  sqs: (parameter) =>
    faults.invalid('MissingParameter', `The request must contain the parameter ${parameter}.`),
};

/** Services whose code for a broken constraint is not their protocol's. */
const invalidCodes: Readonly<Record<string, string>> = {
  logs: 'InvalidParameterException',
  'sagemaker-runtime': 'ValidationError',
};

/** Undefined for a valid input. */
export function refusalOf(
  { input: type, service }: OperationModel,
  input: object,
  { protocol, requiredOnly = false }: ValidateOptions & { readonly protocol: Protocol },
): Fault | undefined {
  if (!type) return undefined;
  const { id } = service.facts;
  const options = { requiredOnly: requiredOnly || ownChecks.has(id) };
  if (isSound(type, input, options.requiredOnly)) return undefined;
  const missingFault = missingFaults[id];
  const missing = missingFault ? firstMissing(type, input) : undefined;
  if (missingFault && missing !== undefined) return missingFault(missing);
  const message = violationsOf(type, input, options);
  if (message === undefined) return undefined;
  return faults.invalid(invalidCodes[id] ?? protocol.invalidCode, message);
}
