/** Values as clients give and get them: text or bytes, never both. */
import { mostValueBytes, type SecretValue } from '../../engines/secrets/values.ts';
import { faults } from './faults.ts';

export interface ValueInput {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

/** Throws InvalidParameter; undefined when there is none. */
export function valueIn({ SecretString, SecretBinary }: ValueInput): SecretValue | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined) {
    throw faults.invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (SecretBinary !== undefined) return fitting({ form: 'bytes', bytes: SecretBinary });
  if (SecretString === undefined) return undefined;
  return fitting({ form: 'text', bytes: Buffer.from(SecretString, 'utf8') });
}

function fitting(value: SecretValue): SecretValue {
  if (value.bytes.length <= mostValueBytes) return value;
  throw faults.invalidParameter(`A secret value can have at most ${mostValueBytes} bytes.`);
}

export function valueOut({ form, bytes }: SecretValue): ValueInput {
  if (form === 'bytes') return { SecretBinary: bytes };
  return { SecretString: Buffer.from(bytes).toString('utf8') };
}
