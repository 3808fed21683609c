/** Every way an invocation is refused, with Amazon's codes and words. */
import { formatArn, type Scope } from '../kernel/arn.ts';
import { Fault } from '../wire/operation.ts';

/** The endpoint a fault tells of. */
export interface Subject {
  readonly scope: Scope;
  readonly endpointName: string;
}

const longestMessage = 8_192;
const invalid = (message: string) => new Fault('ValidationError', message, { status: 400 });

const logGroup = ({ endpointName }: Subject) => `/aws/sagemaker/Endpoints/${endpointName}`;

/** A container that did not answer 2xx: 424 with what it did answer; status 0 when it did not. */
function modelError(subject: Subject, status: number, original: string): Fault {
  const { account } = subject.scope;
  const kind = status >= 400 && status < 500 ? 'client' : 'server';
  const text = original.slice(0, longestMessage);
  const message =
    `Received ${kind} error (${status}) from primary with message "${text}". ` +
    `See ${logGroup(subject)} in account ${account} for more information.`;
  const members = {
    OriginalStatusCode: status,
    OriginalMessage: text,
    LogStreamArn: formatArn(subject.scope, 'logs', `log-group:${logGroup(subject)}`),
  };
  return new Fault('ModelError', message, { status: 424, members });
}

const timedOut =
  'Your invocation timed out while waiting for a response from container primary. ' +
  'Review the latency metrics for each container in Amazon CloudWatch, ' +
  'resolve the issue, and try again.';

export const faults = {
  invalid,
  noEndpoint: ({ scope, endpointName }: Subject) =>
    invalid(`Endpoint ${endpointName} of account ${scope.account} not found.`),
  notInService: ({ scope, endpointName }: Subject, status: string) =>
    invalid(
      `Endpoint ${endpointName} of account ${scope.account} is not InService: ` +
        `its status is ${status}.`,
    ),
  noVariant: ({ scope, endpointName }: Subject, variant: string) =>
    invalid(
      `Variant ${variant} of endpoint ${endpointName} of account ${scope.account} not found.`,
    ),
  noTraffic: ({ endpointName }: Subject) =>
    invalid(`No variant of endpoint ${endpointName} has a weight above zero.`),
  /** The model of this error says 400; Amazon's own front end answers 413, and so do we. */
  tooLarge: (limitBytes: number) =>
    new Fault('ValidationError', `HTTP content length exceeded ${limitBytes} bytes.`, {
      status: 413,
    }),
  modelError,
  modelTimedOut: (subject: Subject) => modelError(subject, 0, timedOut),
  modelBroke: (subject: Subject, reason: string) =>
    modelError(subject, 0, `The container's answer could not be read: ${reason}`),
  modelNotReady: ({ endpointName }: Subject) =>
    new Fault(
      'ModelNotReadyException',
      `The model of endpoint ${endpointName} is being started again. Try again.`,
      { status: 429 },
    ),
  tooBusy: () =>
    new Fault(
      'ServiceUnavailable',
      'The bodies of requests under way take all the memory they may. Try again.',
      { status: 503 },
    ),
  unavailable: (message: string) => new Fault('ServiceUnavailable', message, { status: 503 }),
  streamBroke: (message: string) =>
    new Fault('ModelStreamError', message, { members: { ErrorCode: 'STREAM_BROKEN' } }),
  streamTimedOut: () =>
    new Fault('ModelStreamError', timedOut, {
      members: { ErrorCode: 'MODEL_INVOCATION_TIME_EXCEEDED' },
    }),
  missingToken: () =>
    new Fault('MissingAuthenticationToken', 'Missing Authentication Token', { status: 403 }),
  internal: () =>
    new Fault('InternalFailure', 'We encountered an internal error. Please try again.', {
      status: 500,
    }),
};
