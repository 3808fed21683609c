/** The headers of an invocation: which reach the model, which come back, and what they may say. */
import { faults } from './faults.ts';

type Headers = Readonly<Record<string, string>>;

const prefix = 'x-amzn-sagemaker-';
export const customAttributes = `${prefix}custom-attributes`;
export const inferenceIdHeader = `${prefix}inference-id`;
export const targetVariant = `${prefix}target-variant`;

/** Every other header stops here. */
const passedOn = [
  'content-type',
  'accept',
  customAttributes,
  inferenceIdHeader,
  targetVariant,
  `${prefix}enable-explanations`,
  `${prefix}session-id`,
];
const passedBack = [
  'content-type',
  customAttributes,
  `${prefix}new-session-id`,
  `${prefix}closed-session-id`,
];

/** They choose among containers and models that no endpoint here has. */
const unbuilt = ['target-model', 'target-container-hostname', 'inference-component'].map(
  (name) => prefix + name,
);
const unprintable = /[^\x20-\x7e\t]/;

const longest: readonly (readonly [name: string, limit: number])[] = [
  ['content-type', 1_024],
  ['accept', 1_024],
  [customAttributes, 1_024],
  [inferenceIdHeader, 64],
  [targetVariant, 63],
  [`${prefix}session-id`, 256],
  [`${prefix}enable-explanations`, 64],
];

/** Refuses with a `Fault` what the service's model does not allow. */
export function checkHeaders(headers: Headers): void {
  for (const name of unbuilt) {
    if (headers[name] === undefined) continue;
    throw faults.invalid(`The header ${name} does not apply: the endpoint has one container.`);
  }
  for (const [name, limit] of longest) {
    const value = headers[name];
    if (value === undefined) continue;
    if (value.length > limit) throw faults.invalid(`The header ${name} is over ${limit} long.`);
    if (unprintable.test(value)) {
      throw faults.invalid(`The header ${name} has characters that are not printable ASCII.`);
    }
  }
  if (headers[inferenceIdHeader] === '') {
    throw faults.invalid(`The header ${inferenceIdHeader} must have at least 1 character.`);
  }
}

export function toModel(headers: Headers): Record<string, string> {
  return pick(headers, passedOn);
}

export function fromModel(headers: Headers): Record<string, string> {
  return pick(headers, passedBack);
}

function pick(headers: Headers, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
