/** The body of a request for a role, read strictly: what is misspelled is not left out. */
import { noParameters } from '../engines/personas/parameters.ts';
import type { RoleRequest } from '../engines/personas/plan.ts';
import type { RoleParameters } from '../engines/personas/types.ts';
import { type Applying, roleFaults } from './role-plans.ts';

export interface AskedRole extends Applying {
  readonly role: Omit<RoleRequest, 'scope'>;
}

const members = new Set(['persona', 'activities', 'name', 'parameters', 'adopt', 'digest']);
/** Activities and values of a parameter. */
const mostItems = 1_000;

/** Throws `Fault`, naming the member and the rule. */
export function readRequest(body: Uint8Array): AskedRole {
  const value = parsed(body);
  const stray = Object.keys(value).find((name) => !members.has(name));
  if (stray !== undefined) throw roleFaults.invalid(`unknown member ${stray.slice(0, 64)}`);
  const { persona, activities, name, parameters, adopt = false, digest } = value;
  if (typeof name !== 'string') throw roleFaults.invalid('name must be a string');
  if (persona !== undefined && typeof persona !== 'string') {
    throw roleFaults.invalid('persona must be a string');
  }
  if (typeof adopt !== 'boolean') throw roleFaults.invalid('adopt must be true or false');
  if (digest !== undefined && typeof digest !== 'string') {
    throw roleFaults.invalid('digest must be a string');
  }
  return {
    role: {
      name,
      ...(persona === undefined ? {} : { persona }),
      ...(activities === undefined ? {} : { activities: texts('activities', activities) }),
      ...(parameters === undefined ? {} : { parameters: parametersOf(parameters) }),
    },
    adopt,
    ...(digest === undefined ? {} : { digest }),
  };
}

function parsed(body: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw roleFaults.invalid('the body must be JSON');
  }
  if (!isObject(value)) throw roleFaults.invalid('the body must be a JSON object');
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parametersOf(value: unknown): Partial<RoleParameters> {
  if (!isObject(value)) throw roleFaults.invalid('parameters must be an object');
  const stray = Object.keys(value).find((name) => !Object.hasOwn(noParameters, name));
  if (stray !== undefined) {
    const known = Object.keys(noParameters).join(', ');
    throw roleFaults.invalid(`unknown parameter ${stray.slice(0, 64)}; known are ${known}`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, list]) => [name, texts(`parameters.${name}`, list)]),
  );
}

function texts(name: string, value: unknown): readonly string[] {
  const good = Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (!good) throw roleFaults.invalid(`${name} must be a list of strings`);
  if (value.length > mostItems) {
    throw roleFaults.invalid(`${name} has more than ${mostItems} values`);
  }
  return value;
}
