/** Which bytes of an object are asked for: `Range` headers, copy ranges, part numbers. */
import type { Part } from '../../engines/objects/rows.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import { faults } from './faults.ts';

const single = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)$/;

/**
 * The range of a `Range` header; undefined, and so the whole object, for headers S3 passes over:
 * those it cannot read, and those with more than one range. Throws InvalidRange.
 */
export function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const [match, first = '', last = ''] = single.exec(header?.trim() ?? '') ?? [];
  if (header === undefined || match === undefined || (first === '' && last === '')) {
    return undefined;
  }
  if (first === '') {
    const suffix = Number(last);
    if (suffix === 0 || sizeBytes === 0) throw faults.invalidRange(header, sizeBytes);
    return { start: Math.max(0, sizeBytes - suffix), end: sizeBytes };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= sizeBytes) throw faults.invalidRange(header, sizeBytes);
  return { start, end: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) };
}

/** `bytes=first-last`, both needed and within the source. Throws InvalidArgument, InvalidRange. */
export function copyRangeOf(header: string, sizeBytes: number): ByteRange {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  const start = Number(first);
  const end = Number(last) + 1;
  if (first === undefined || last === undefined || end <= start) {
    throw faults.invalidArgument(
      'x-amz-copy-source-range',
      header,
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and' +
        ' last are the zero-based offsets of the first and last bytes to copy',
    );
  }
  if (end <= sizeBytes) return { start, end };
  throw faults.invalidArgument(
    'x-amz-copy-source-range',
    header,
    `Range specified is not valid for source object of size: ${sizeBytes}`,
  );
}

/** The bytes of the n-th part; an object not made of parts is its own first. */
export function partRangeOf(
  number: number,
  { parts, sizeBytes }: { readonly parts: readonly Part[] | undefined; readonly sizeBytes: number },
): ByteRange {
  if (number < 1) {
    const message = 'Part number must be an integer between 1 and 10000, inclusive';
    throw faults.invalidArgument('partNumber', number, message);
  }
  const sizes = parts?.map((part) => part.sizeBytes) ?? [sizeBytes];
  const size = sizes[number - 1];
  if (size === undefined) throw faults.invalidPartNumber(number, sizes.length);
  const start = sizes.slice(0, number - 1).reduce((sum, one) => sum + one, 0);
  return { start, end: start + size };
}

/** The header that says which bytes are sent. */
export function contentRange({ start, end }: ByteRange, sizeBytes: number): string {
  return `bytes ${start}-${end - 1}/${sizeBytes}`;
}
