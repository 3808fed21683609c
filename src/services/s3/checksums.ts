/** Checksums between the wire, which verified them, the engine, which keeps them, and answers. */
import type { Checksum as ChecksumMembers } from '@aws-sdk/client-s3';
import { checksumAlgorithms, isChecksumAlgorithm } from '../../engines/objects/digest.ts';
import type { Checksum, ChecksumAlgorithm, ChecksumType } from '../../engines/objects/rows.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';

type MemberName = `Checksum${ChecksumAlgorithm}`;
export type WholeChecksum = Pick<Checksum, 'algorithm' | 'value'>;

const headerOf = (algorithm: ChecksumAlgorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`;
const memberOf = (algorithm: ChecksumAlgorithm): MemberName => `Checksum${algorithm}`;

/** What the body was proved to have; call it once the body has been read to its end. */
export function provenChecksum({ checksums }: S3Ctx): Checksum | undefined {
  for (const algorithm of checksumAlgorithms) {
    const value = checksums[headerOf(algorithm)];
    if (value !== undefined) return { algorithm, value, type: 'FULL_OBJECT' };
  }
  return undefined;
}

/** The algorithm of a checksum the body comes with, before the body has been read. */
export function announcedAlgorithm({ headers }: S3Ctx): ChecksumAlgorithm | undefined {
  const trailers = (headers['x-amz-trailer'] ?? '').toLowerCase().split(/\s*,\s*/);
  return checksumAlgorithms.find((algorithm) => {
    const header = headerOf(algorithm);
    return headers[header] !== undefined || trailers.includes(header);
  });
}

/** Throws InvalidRequest for algorithms that are not built (xxHash) or do not exist. */
export function algorithmOf(name: string | undefined): ChecksumAlgorithm | undefined {
  if (name === undefined || isChecksumAlgorithm(name)) return name;
  throw faults.invalidRequest(
    'Checksum algorithm provided is unsupported. Please try again with any of the valid types:' +
      ` [${checksumAlgorithms.join(', ')}]`,
  );
}

/** One member named by its algorithm, and the type. */
export function checksumMembers(checksum: Checksum | undefined): ChecksumMembers {
  if (!checksum) return {};
  return { ...valueMember(checksum), ChecksumType: checksum.type };
}

/** For parts, whose checksums are always of the whole part. */
export function valueMember(checksum: WholeChecksum | undefined): ChecksumMembers {
  return checksum ? { [memberOf(checksum.algorithm)]: checksum.value } : {};
}

/** The checksum a client gives as members of the input. */
export function givenChecksum(input: ChecksumMembers): WholeChecksum | undefined {
  for (const algorithm of checksumAlgorithms) {
    const value = input[memberOf(algorithm)];
    if (value !== undefined) return { algorithm, value };
  }
  return undefined;
}

export interface UploadChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
}

const fullOnly: readonly ChecksumAlgorithm[] = ['CRC64NVME'];
const compositeOnly: readonly ChecksumAlgorithm[] = ['SHA1', 'SHA256', 'SHA512', 'MD5'];

/** How the parts of an upload make one checksum. Throws InvalidRequest for what cannot be had. */
export function uploadChecksum(
  name: string | undefined,
  type: string | undefined,
): UploadChecksum | undefined {
  const algorithm = algorithmOf(name);
  if (!algorithm) {
    if (type === undefined) return undefined;
    throw faults.invalidRequest(
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const wanted = type ?? (fullOnly.includes(algorithm) ? 'FULL_OBJECT' : 'COMPOSITE');
  const impossible = wanted === 'COMPOSITE' ? fullOnly : compositeOnly;
  if ((wanted !== 'COMPOSITE' && wanted !== 'FULL_OBJECT') || impossible.includes(algorithm)) {
    throw faults.invalidRequest(
      `The ${wanted} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum` +
        ' algorithm.',
    );
  }
  return { algorithm, type: wanted };
}
