/**
 * Verifies everything that a trail delivered: every digest and log file, and what a chain of
 * signatures alone does not prove: that the digest before is the one that was meant, that no time
 * is missing between them, that no log file lies there which no digest lists, and that none of the
 * newest digests was taken away. Reading the bucket is the caller's.
 */
import type { AnchorRecord } from './anchor.ts';
import {
  type At,
  type GoodDigest,
  inspectDigest,
  logFileProblem,
  type PublicKeys,
  type Stored,
} from './inspect.ts';
import {
  digestFolderOf,
  isoSeconds,
  logFolderOf,
  parseDigestKey,
  regionOfLogKey,
} from './names.ts';

export interface TrailSource {
  /** Of the trail's bucket, in order. */
  keys(prefix: string): AsyncIterable<Listed>;
  /** Undefined when there is no such object. */
  read(at: At): Promise<Stored | undefined>;
  publicKeys(region: string): Promise<PublicKeys>;
}

export interface Listed {
  readonly key: string;
  readonly modifiedAtMs: number;
}

export interface Subject {
  readonly arn: string;
  readonly name: string;
  readonly account: string;
  readonly homeRegion: string;
  readonly bucket: string;
  readonly prefix?: string | undefined;
  /** When the newest digest was written, as the server says. */
  readonly latestDigestMs?: number | undefined;
  /** Trails that log into the same place, this one with it if it does. */
  readonly logging: readonly string[];
  /** A trail without digests delivers into the same place: unlisted log files may be its. */
  readonly shared: boolean;
  /** Nothing older is looked at. */
  readonly sinceMs?: number | undefined;
  readonly anchors: readonly AnchorRecord[];
}

export interface Finding {
  /** The key of an object, or what else it is about. */
  readonly about: string;
  readonly problem: string;
}

export interface Verification {
  readonly digests: number;
  readonly logFiles: number;
  readonly findings: readonly Finding[];
}

interface Work {
  readonly source: TrailSource;
  readonly subject: Subject;
  readonly findings: Finding[];
  /** Digests of all trails in the place, by region. */
  readonly listed: ReadonlyMap<string, readonly ListedDigest[]>;
  /** Keys of log files that good digests list. */
  readonly claimed: Set<string>;
  logFiles: number;
}

interface ListedDigest {
  readonly key: string;
  readonly trail: string;
  readonly endMs: number;
}

export async function verifyTrail(source: TrailSource, subject: Subject): Promise<Verification> {
  const listed = await listDigests(source, subject);
  const work: Work = { source, subject, findings: [], listed, claimed: new Set(), logFiles: 0 };
  const regions = new Set([...listed.keys(), subject.homeRegion]);
  for (const { region } of anchorsOf(subject)) regions.add(region);
  let digests = 0;
  for (const region of [...regions].sort()) {
    const good = await verifyRegion(work, region);
    digests += good.length;
  }
  if (!subject.shared) await findUnlisted(work);
  return { digests, logFiles: work.logFiles, findings: work.findings };
}

function anchorsOf({ anchors, arn }: Subject): readonly AnchorRecord[] {
  return anchors.filter(({ trailArn }) => trailArn === arn);
}

async function listDigests(source: TrailSource, subject: Subject) {
  const byRegion = new Map<string, ListedDigest[]>();
  for await (const { key } of source.keys(digestFolderOf(subject))) {
    const parsed = parseDigestKey(key, subject);
    if (!parsed || parsed.endMs < (subject.sinceMs ?? 0)) continue;
    const { region, trail, homeRegion, endMs } = parsed;
    const named = homeRegion === subject.homeRegion ? trail : `${trail} of ${homeRegion}`;
    const there = byRegion.get(region) ?? [];
    byRegion.set(region, [...there, { key, trail: named, endMs }]);
  }
  return byRegion;
}

async function verifyRegion(work: Work, region: string): Promise<readonly GoodDigest[]> {
  const { source, subject, findings } = work;
  const keys = await source.publicKeys(region);
  const own = (work.listed.get(region) ?? []).filter(({ trail }) => trail === subject.name);
  const good = new Map<string, GoodDigest>();
  for (const { key, endMs } of [...own].sort((a, b) => a.endMs - b.endMs)) {
    const at = { bucket: subject.bucket, key };
    const stored = await source.read(at);
    const inspected = stored && inspectDigest(at, stored, keys);
    const isDated = !inspected?.ok || inspected.value.endMs === endMs;
    if (inspected?.ok && isDated) good.set(key, inspected.value);
    else if (inspected?.ok) findings.push({ about: key, problem: 'its name has another time' });
    else findings.push({ about: key, problem: inspected?.reason ?? 'it cannot be read' });
  }
  const known = new Set(own.map(({ key }) => key));
  await verifyChain(work, { good, known, keys });
  for (const one of good.values()) await verifyLogFiles(work, one);
  verifyHead(work, region, [...good.values()]);
  return [...good.values()];
}

interface ChainFacts {
  readonly good: ReadonlyMap<string, GoodDigest>;
  /** Keys that are there, good or not. */
  readonly known: ReadonlySet<string>;
  readonly keys: PublicKeys;
}

async function verifyChain(work: Work, { good, known, keys }: ChainFacts): Promise<void> {
  const { findings, subject } = work;
  const followers = new Map<string, string>();
  for (const one of good.values()) {
    const { previousDigestS3Object: key, previousDigestS3Bucket: bucket } = one.digest;
    if (key === null || bucket === null) continue;
    const other = followers.get(`${bucket}/${key}`);
    if (other !== undefined) {
      findings.push({ about: one.key, problem: `it follows the same digest as ${other}` });
    }
    followers.set(`${bucket}/${key}`, one.key);
    if (isBefore(key, subject)) continue;
    const isElsewhere = bucket !== subject.bucket;
    const previous = isElsewhere ? await readGood(work, { bucket, key }, keys) : good.get(key);
    if (previous) findings.push(...linkFindings(one, previous));
    else if (isElsewhere || !known.has(key)) {
      findings.push({ about: key, problem: `the digest is missing, which ${one.key} follows` });
    }
  }
}

async function readGood(work: Work, at: At, keys: PublicKeys): Promise<GoodDigest | undefined> {
  const stored = await work.source.read(at);
  const inspected = stored && inspectDigest(at, stored, keys);
  return inspected?.ok ? inspected.value : undefined;
}

function isBefore(key: string, subject: Subject): boolean {
  const parsed = parseDigestKey(key, subject);
  return parsed !== undefined && parsed.endMs < (subject.sinceMs ?? 0);
}

function linkFindings(one: GoodDigest, previous: GoodDigest): readonly Finding[] {
  const { previousDigestHashValue: sha256, previousDigestSignature: signature } = one.digest;
  const about = previous.key;
  const found: Finding[] = [];
  if (sha256 !== previous.sha256) {
    found.push({ about, problem: `it is not the digest that ${one.key} follows: another hash` });
  }
  if (signature !== previous.signature) {
    found.push({
      about,
      problem: `it is not the digest that ${one.key} follows: another signature`,
    });
  }
  if (previous.endMs !== one.startMs) {
    const between = `${isoSeconds(previous.endMs)} to ${isoSeconds(one.startMs)}`;
    found.push({
      about: one.key,
      problem: `it does not begin where the one before ends: ${between}`,
    });
  }
  return found;
}

async function verifyLogFiles(work: Work, { key, digest }: GoodDigest): Promise<void> {
  for (const { s3Bucket: bucket, s3Object, hashValue } of digest.logFiles) {
    if (work.claimed.has(s3Object)) {
      work.findings.push({ about: s3Object, problem: `it is listed again in ${key}` });
    }
    work.claimed.add(s3Object);
    const stored = await work.source.read({ bucket, key: s3Object });
    const problem = logFileProblem(stored, hashValue);
    if (problem === undefined) work.logFiles += 1;
    else work.findings.push({ about: s3Object, problem });
  }
}

/** Compares the end of a chain with what is known of it from elsewhere. */
function verifyHead(work: Work, region: string, good: readonly GoodDigest[]): void {
  const { subject, findings } = work;
  const { latestDigestMs, sinceMs = 0, homeRegion } = subject;
  const newestMs = Math.max(0, ...good.map(({ endMs }) => endMs));
  const latestMs = region === homeRegion ? (latestDigestMs ?? 0) : 0;
  const about = `${subject.arn} in ${region}`;
  if (latestMs > newestMs && latestMs >= sinceMs) {
    const there = newestMs === 0 ? 'none is there' : `the newest ends at ${isoSeconds(newestMs)}`;
    const wrote = `the server wrote one that ends at ${isoSeconds(latestMs)}`;
    const problem = `the newest digests are missing: ${wrote}, ${there}`;
    findings.push({ about, problem });
  }
  const anchor = anchorsOf(subject).find((one) => one.region === region);
  if (anchor) findings.push(...anchorFindings(anchor, good, sinceMs));
}

function anchorFindings(
  anchor: AnchorRecord,
  good: readonly GoodDigest[],
  sinceMs: number,
): readonly Finding[] {
  const { key, sha256, signature, endTime, chainLength, trailCreated, bucket } = anchor;
  if (Date.parse(endTime) < sinceMs) return [];
  const noted = good.find((one) => one.key === key && one.bucket === bucket);
  if (!noted) return [{ about: key, problem: 'the newest digest of the anchor is missing or bad' }];
  const found: Finding[] = [];
  if (noted.sha256 !== sha256 || noted.signature !== signature) {
    found.push({ about: key, problem: 'it is not the digest that the anchor notes' });
  }
  const createdMs = Date.parse(trailCreated);
  const count = good.filter(({ endMs }) => endMs > createdMs && endMs <= noted.endMs).length;
  if (sinceMs === 0 && count < chainLength) {
    const problem = `${chainLength - count} of ${chainLength} digests are missing or bad`;
    found.push({ about: `${anchor.trailArn} in ${anchor.region}`, problem });
  }
  return found;
}

/** What was delivered after the newest digest is listed by the next one. */
async function findUnlisted(work: Work): Promise<void> {
  const { source, subject, claimed, findings } = work;
  const strays: Listed[] = [];
  for await (const one of source.keys(logFolderOf(subject))) {
    const region = regionOfLogKey(one.key, subject);
    const isOld = one.modifiedAtMs < (subject.sinceMs ?? 0);
    if (isOld || claimed.has(one.key)) continue;
    if (region === undefined) findings.push({ about: one.key, problem: 'it is no log file' });
    else if (one.modifiedAtMs < openSinceMs(work, region)) strays.push(one);
  }
  if (strays.length === 0) return;
  const elsewhere = await claimedByOthers(work);
  for (const { key } of strays) {
    if (!elsewhere.has(key)) findings.push({ about: key, problem: 'no digest lists the log file' });
  }
}

/** Since when log files of the region may not be in a digest yet. */
function openSinceMs({ subject, listed }: Work, region: string): number {
  const ends = subject.logging.map((name) => {
    const own = (listed.get(region) ?? []).filter(({ trail }) => trail === name);
    return Math.max(0, ...own.map(({ endMs }) => endMs));
  });
  return Math.min(Number.POSITIVE_INFINITY, ...ends);
}

async function claimedByOthers(work: Work): Promise<ReadonlySet<string>> {
  const { source, subject, listed } = work;
  const found = new Set<string>();
  for (const [region, digests] of listed) {
    const keys = await source.publicKeys(region);
    for (const { key } of digests.filter(({ trail }) => trail !== subject.name)) {
      const good = await readGood(work, { bucket: subject.bucket, key }, keys);
      for (const { s3Object } of good?.digest.logFiles ?? []) found.add(s3Object);
    }
  }
  return found;
}
