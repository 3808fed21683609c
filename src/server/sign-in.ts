/**
 * `POST /_modelkeep/sign-in`: a name and a password, and a code for those who have a device, become
 * temporary credentials of an hour. For the console and for people; programs have keys.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignIn, SignInAnswer, SignInRequest } from '../engines/identity/sign-in.ts';
import type { Scope } from '../kernel/arn.ts';
import { gather, TooManyBytes } from '../kernel/bytes.ts';
import { uuid } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import { connectionOf } from '../wire/listener.ts';
import { type Call, Fault } from '../wire/operation.ts';
import { bodyOf, drain, headersOf } from '../wire/request.ts';
import { answerJson, type Route } from './http.ts';
import type { TrailCalls } from './trail-calls.ts';

export interface SignInRouteParts {
  readonly signIn: SignIn;
  readonly account: string;
  readonly log: Logger;
  readonly audit?: SignInAudit;
}

export interface SignInAudit {
  readonly trail: Pick<TrailCalls, 'signIn' | 'mustBeWritable'>;
  /** Of the server. */
  readonly scope: Scope;
  readonly random: Random;
  /** Undefined when nobody has the name. */
  findUser(account: string, userName: string): Promise<SignInUser | undefined>;
}

export interface SignInUser {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
}

const path = '/_modelkeep/sign-in';
const bodyLimitBytes = 8 * 1024;
const needed = ['userName', 'password'] as const;
const optional = ['account', 'code', 'newPassword'] as const;

export function signInRoute(parts: SignInRouteParts): Route {
  return {
    matches: ({ method, url }) => method === 'POST' && url?.split('?')[0] === path,
    async handle(request, response) {
      try {
        const asked = fieldsOf(await gather(bodyOf(request), bodyLimitBytes));
        if (typeof asked === 'string') refuse(response, 400, 'ValidationError', asked);
        else answer(response, await signedIn(asked, request, parts));
      } catch (error) {
        if (error instanceof Fault) {
          refuse(response, error.status ?? 400, error.code, error.message);
        } else if (error instanceof TooManyBytes) {
          refuse(response, 413, 'RequestTooLarge', `The body exceeds ${bodyLimitBytes} bytes.`);
        } else {
          parts.log.error('a sign-in failed unexpectedly', error);
          refuse(response, 500, 'InternalFailure', 'An internal error occurred.');
        }
      }
      drain(request);
    },
  };
}

/** A sign-in that cannot be told of is refused: nobody comes in unseen. */
async function signedIn(
  asked: Fields,
  request: IncomingMessage,
  { signIn, account, audit }: SignInRouteParts,
): Promise<SignInAnswer> {
  const wanted = requestOf(asked, request, account);
  await audit?.trail.mustBeWritable();
  const told = await signIn(wanted);
  if (audit) await tell(request, { wanted, told }, audit);
  return told;
}

/** The trail's words for what went wrong; Amazon's own for a wrong name or password. */
const failures: Readonly<Record<Exclude<SignInAnswer['kind'], 'signedIn'>, string>> = {
  refused: 'Failed authentication',
  codeNeeded: 'A code of the MFA device is needed',
  codeRefused: 'The code of the MFA device was not accepted',
  passwordExpired: 'The password has expired',
  newPasswordRefused: 'The new password breaks the rules for passwords',
  tooManyTries: 'Too many tries',
};

interface Told {
  readonly wanted: SignInRequest;
  readonly told: SignInAnswer;
}

async function tell(
  request: IncomingMessage,
  { wanted, told }: Told,
  { trail, scope, random, findUser }: SignInAudit,
): Promise<void> {
  const { account, userName, code } = wanted;
  const user = await findUser(account, userName);
  const succeeded = told.kind === 'signedIn';
  const caller = { accessKeyId: '', arn: '', userId: '', account };
  const connection = connectionOf(request);
  const call: Call = {
    ...{ caller, requestId: uuid(random), headers: headersOf(request), url: path, checksums: {} },
    scope: { ...scope, account },
    signal: new AbortController().signal,
    endpointUrl: '',
    ...connection,
  };
  await trail.signIn({
    ...{ call, succeeded, userName: user?.name, usedMfa: succeeded && code !== undefined },
    ...(user ? { userId: user.id, userArn: user.arn } : {}),
    ...(told.kind === 'signedIn' ? {} : { errorMessage: failures[told.kind] }),
  });
}

type Fields = Readonly<Record<string, string>>;

/** What is wrong with the body, or its fields. Never repeats a value. */
function fieldsOf(body: Uint8Array): Fields | string {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return 'The body must be JSON.';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'The body must be a JSON object.';
  }
  const known: readonly string[] = [...needed, ...optional];
  for (const [name, given] of Object.entries(value)) {
    if (!known.includes(name)) return `Unknown member ${name.slice(0, 64)}.`;
    if (typeof given !== 'string') return `${name} must be a string.`;
  }
  const fields = value as Fields;
  const missing = needed.find((name) => !fields[name]);
  return missing ? `${missing} is missing.` : fields;
}

function requestOf(fields: Fields, request: IncomingMessage, account: string): SignInRequest {
  const { userName = '', password = '', code, newPassword } = fields;
  return {
    account: fields['account'] ?? account,
    userName,
    password,
    ...(code === undefined ? {} : { code }),
    ...(newPassword === undefined ? {} : { newPassword }),
    sourceAddress: request.socket.remoteAddress ?? '',
  };
}

function answer(response: ServerResponse, told: SignInAnswer): void {
  switch (told.kind) {
    case 'signedIn': {
      const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = told.session;
      const expiration = new Date(expiresAtMs).toISOString();
      response.setHeader('cache-control', 'no-store');
      return answerJson(response, 200, {
        ...{ userArn: told.userArn, accessKeyId, secretAccessKey, sessionToken, expiration },
      });
    }
    case 'refused':
      return refuse(response, 403, 'AccessDenied', 'The name or the password is wrong.');
    case 'codeNeeded':
      return refuse(response, 403, 'CodeNeeded', 'A code of the MFA device is needed.');
    case 'codeRefused':
      return refuse(response, 403, 'CodeRefused', 'The code of the MFA device is not accepted.');
    case 'passwordExpired':
      return refuse(
        response,
        403,
        'PasswordExpired',
        told.mayChange
          ? 'The password must be changed: sign in with newPassword as well.'
          : 'The password has expired: an administrator has to set a new one.',
      );
    case 'newPasswordRefused':
      return refuse(response, 400, 'PasswordPolicyViolation', told.reason);
    case 'tooManyTries':
      response.setHeader('retry-after', String(Math.ceil(told.waitMs / 1_000)));
      return refuse(response, 429, 'TooManyTries', 'Too many tries: wait, and try again.');
  }
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  answerJson(response, status, { error: { code, message } });
}
