/** Refusals of the wire layer itself, before an operation runs. Codes are the original's. */
import { Fault } from './operation.ts';

export const faults = {
  /** The body is not what the protocol says, or a value has the wrong type. */
  malformed: (code: string, message: string) => new Fault(code, message, { status: 400 }),
  /** `detail` says what the original leaves one to guess. */
  malformedXml: (detail: string) =>
    new Fault(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published ' +
        `schema (${detail})`,
      { status: 400 },
    ),
  tooLarge: (limitBytes: number) =>
    new Fault('RequestEntityTooLarge', `The request body exceeds ${limitBytes} bytes.`, {
      status: 413,
    }),
  unknownService: (what: string) =>
    new Fault('NotImplemented', `No service of this server takes ${what}.`, { status: 501 }),
  unknownOperation: (operation: string) =>
    new Fault('UnknownOperationException', `The operation ${operation} does not exist.`, {
      status: 400,
    }),
  invalidAction: (action: string, version: string) =>
    new Fault(
      'InvalidAction',
      `Could not find operation ${action || '(none)'} for version ${version || '(none)'}`,
      { status: 400 },
    ),
  methodNotAllowed: (method: string) =>
    new Fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      status: 405,
      members: { Method: method },
    }),
  notImplemented: (service: string, operation: string) =>
    new Fault('NotImplemented', `${service}.${operation} is not implemented by this server.`, {
      status: 501,
    }),
  missingToken: () =>
    new Fault('MissingAuthenticationToken', 'Missing Authentication Token', { status: 403 }),
  accessDenied: () => new Fault('AccessDenied', 'Access Denied', { status: 403 }),
  wrongScope: (code: string, service: string) =>
    new Fault(code, `Credential should be scoped to correct service: '${service}'. `, {
      status: 403,
    }),
  invalid: (code: string, message: string) => new Fault(code, message, { status: 400 }),
  /** Nothing is done that could not be told of. */
  unaudited: () =>
    new Fault(
      'ServiceUnavailable',
      'The audit trail cannot be written, so calls are refused until it can be.',
      { status: 503 },
    ),
  /** Read as temporary by clients, which try again. */
  noRoom: () =>
    new Fault('ServiceUnavailable', 'There is no room left on the disk of this server.', {
      status: 503,
    }),
  readOnly: () =>
    new Fault('ServiceUnavailable', 'The disk of this server cannot be written to.', {
      status: 503,
    }),
  /** Read as temporary by clients, which try again. */
  tooBusy: () =>
    new Fault(
      'ServiceUnavailable',
      'The bodies of requests under way take all the memory they may. Try again.',
      { status: 503 },
    ),
  internal: () =>
    new Fault('InternalFailure', 'We encountered an internal error. Please try again.', {
      status: 500,
    }),
};
