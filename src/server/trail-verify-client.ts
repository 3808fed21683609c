/**
 * What the verification asks of a running server, through its own API and signed as the SDKs sign:
 * trails and public keys, and the objects of a bucket. Nothing is written.
 */
import { type IncomingHttpHeaders, request as sendPlainly } from 'node:http';
import { request as sendSecurely } from 'node:https';
import type { At, PublicKeys, Stored } from '../engines/trail/digests/inspect.ts';
import type { Listed } from '../engines/trail/digests/verify.ts';
import { gather } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { algorithm, canonicalRequest, hmacSha256, sha256Hex } from '../wire/signature/canonical.ts';
import type { Administrator } from './administrator.ts';

export interface ApiParts {
  readonly administrator: Administrator;
  readonly clock: Clock;
  /** PEM of who signed the server's certificate, when that is no public authority. */
  readonly ca?: Buffer | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export interface TrailDescription {
  readonly Name: string;
  readonly TrailARN: string;
  readonly HomeRegion: string;
  readonly S3BucketName: string;
  readonly S3KeyPrefix?: string;
  readonly LogFileValidationEnabled: boolean;
}

export interface TrailStatus {
  readonly IsLogging: boolean;
  /** Seconds since the Unix epoch. */
  readonly LatestDigestDeliveryTime?: number;
}

export interface TrailApi {
  describe(): Promise<readonly TrailDescription[]>;
  status(trail: TrailDescription): Promise<TrailStatus>;
  publicKeys(region: string): Promise<PublicKeys>;
  keys(bucket: string, prefix: string): AsyncIterable<Listed>;
  /** Undefined when there is no such object. */
  read(at: At): Promise<Stored | undefined>;
}

/** An answer that is no success; the message is the server's own. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
}

const target = 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101';
const timeoutMs = 60_000;
/** Of one object. */
const mostBytes = 1_024 ** 3;
/** Longer than any trail has been kept: all keys that ever signed. */
const oldestKeysSeconds = 0;

/** Calls an operation of the trail service. Throws `ApiRefusal`. */
export function makeCall(parts: ApiParts) {
  const { region: ownRegion } = parts.administrator;
  return async <Told>(operation: string, input: object, region = ownRegion): Promise<Told> => {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${target}.${operation}`,
    };
    const body = JSON.stringify(input);
    const about = { service: 'cloudtrail', region, headers, body };
    const answer = await send(parts, { ...about, method: 'POST', url: '/' });
    const said: unknown = JSON.parse(textOf(answer));
    if (answer.status === 200) return said as Told;
    const { message, Message } = said as { readonly message?: string; readonly Message?: string };
    throw new ApiRefusal(message ?? Message ?? `${operation} answered ${answer.status}`);
  };
}

export function makeTrailApi(parts: ApiParts): TrailApi {
  const { region: ownRegion } = parts.administrator;
  const call = makeCall(parts);
  const get = (url: string) =>
    send(parts, { service: 's3', region: ownRegion, headers: {}, body: '', method: 'GET', url });

  return {
    async describe() {
      const { Trails } = await call<{ Trails: TrailDescription[] }>('ListTrails', {});
      const found: TrailDescription[] = [];
      for (const { TrailARN: Name } of Trails) {
        found.push((await call<{ Trail: TrailDescription }>('GetTrail', { Name })).Trail);
      }
      return found;
    },
    status: ({ TrailARN, HomeRegion }) =>
      call<TrailStatus>('GetTrailStatus', { Name: TrailARN }, HomeRegion),
    async publicKeys(region) {
      const range = { StartTime: oldestKeysSeconds, EndTime: parts.clock.nowMs() / 1_000 };
      interface Keys {
        readonly PublicKeyList: readonly { readonly Fingerprint: string; readonly Value: string }[];
      }
      const { PublicKeyList } = await call<Keys>('ListPublicKeys', range, region);
      return new Map(
        PublicKeyList.map((one) => [one.Fingerprint, Buffer.from(one.Value, 'base64')] as const),
      );
    },
    async *keys(bucket, prefix) {
      const query = `encoding-type=url&list-type=2&prefix=${encodeURIComponent(prefix)}`;
      for (let token: string | undefined; ; ) {
        const more = token === undefined ? '' : `continuation-token=${encodeURIComponent(token)}&`;
        const answer = await get(`/${bucket}?${more}${query}`);
        const text = textOf(answer);
        if (answer.status !== 200) throw new ApiRefusal(`${bucket}: ${elementOf(text, 'Message')}`);
        yield* listedIn(text);
        token = elementOf(text, 'NextContinuationToken');
        if (token === undefined) return;
      }
    },
    async read({ bucket, key }) {
      const path = key.split('/').map(encodeURIComponent).join('/');
      const answer = await get(`/${bucket}/${path}`);
      const { bytes } = answer;
      if (answer.status === 200) return { bytes, metadata: metadataOf(answer.headers) };
      if (answer.status === 404) return undefined;
      const why = elementOf(textOf(answer), 'Message') ?? answer.status;
      throw new ApiRefusal(`${bucket}/${key}: ${why}`);
    },
  };
}

const metadataPrefix = 'x-amz-meta-';

function metadataOf(headers: IncomingHttpHeaders): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith(metadataPrefix));
  return Object.fromEntries(
    own.map(([name, value]) => [name.slice(metadataPrefix.length), String(value)]),
  );
}

function textOf({ bytes }: Answer): string {
  return bytes.toString('utf8');
}

/** Of the XML that the server writes: keys are percent-encoded, so nothing in it is escaped. */
function* listedIn(xml: string): Iterable<Listed> {
  for (const [, item = ''] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
    const key = decodeURIComponent((elementOf(item, 'Key') ?? '').replaceAll('+', '%20'));
    yield { key, modifiedAtMs: Date.parse(elementOf(item, 'LastModified') ?? '') };
  }
}

const entities: Readonly<Record<string, string>> = {
  ...{ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&amp;': '&' },
};

function elementOf(xml: string, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  return text?.replaceAll(/&\w+;/g, (entity) => entities[entity] ?? entity);
}

interface Sending {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly url: string;
  readonly service: string;
  readonly region: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Source: "Create a signed AWS API request" in the IAM User Guide. */
async function send(parts: ApiParts, sending: Sending): Promise<Answer> {
  const { administrator, clock, ca } = parts;
  const { method, url, service, region, body } = sending;
  const amzDate = new Date(clock.nowMs()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const payload = sha256Hex(body);
  const headers: Record<string, string> = {
    ...sending.headers,
    host: new URL(administrator.url).host,
    'x-amz-content-sha256': payload,
    'x-amz-date': amzDate,
  };
  const signedHeaders = Object.keys(headers).sort();
  const canonical = canonicalRequest({ method, url, headers }, { service, signedHeaders, payload });
  const scope = `${amzDate.slice(0, 8)}/${region}/${service}/aws4_request`;
  const toSign = [algorithm, amzDate, scope, sha256Hex(canonical)].join('\n');
  const start: string | Buffer = `AWS4${administrator.secretAccessKey}`;
  const key = scope.split('/').reduce<string | Buffer>(hmacSha256, start);
  const credential = `Credential=${administrator.accessKeyId}/${scope}`;
  const signature = hmacSha256(key, toSign).toString('hex');
  const covered = `SignedHeaders=${signedHeaders.join(';')}`;
  const authorization = `${algorithm} ${credential}, ${covered}, Signature=${signature}`;
  const target = new URL(`${administrator.url}${url}`);
  return exchange(target, { method, body, ca, headers: { ...headers, authorization } });
}

interface Exchange {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly ca: Buffer | undefined;
}

/** Redirects are not followed, and bytes are left as they came. */
function exchange(url: URL, { method, headers, body, ca }: Exchange): Promise<Answer> {
  const open = url.protocol === 'https:' ? sendSecurely : sendPlainly;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const trusted = ca === undefined ? {} : { ca };
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const sent = method === 'POST' ? { ...headers, ...length } : headers;
    const sending = open(url, { method, headers: sent, signal, ...trusted }, (response) => {
      gather(response, mostBytes).then(
        (bytes) => resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes }),
        reject,
      );
    });
    sending.on('error', reject);
    sending.end(body);
  });
}
