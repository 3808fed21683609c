/** What a bucket may be called, by S3's rules for general purpose buckets. */

const shape = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const ipv4 = /^\d+\.\d+\.\d+\.\d+$/;
const reservedStarts = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const reservedEnds = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3'];

export function isBucketName(name: string): boolean {
  if (!shape.test(name) || name.includes('..') || ipv4.test(name)) return false;
  if (reservedStarts.some((start) => name.startsWith(start))) return false;
  return !reservedEnds.some((end) => name.endsWith(end));
}
