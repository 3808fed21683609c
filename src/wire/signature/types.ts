/** What signatures are checked on, and what a checked one says. No logic. */
import type { Caller } from '../operation.ts';

/** The part of a request that a signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as received, still percent-encoded; one character per byte. */
  readonly url: string;
  /** Lower-case names; a header sent more than once is joined with ",". */
  readonly headers: Readonly<Record<string, string>>;
  /** Hex SHA-256 of the whole body; left out when the body is streamed through `verifiedBody`. */
  readonly bodySha256?: () => string;
  /** The bucket that routing took from the Host header; left out for path-style requests. */
  readonly hostBucket?: string;
}

/** What a request says about its signer before anything is verified: enough to route on. */
export interface ClaimedScope {
  readonly accessKeyId: string;
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  /** The signing name: `s3`, `sagemaker`, `monitoring`, … */
  readonly service: string;
}

export interface SecretOf {
  readonly secretAccessKey: string;
  /** Set for temporary credentials; the request must then carry exactly this token. */
  readonly sessionToken?: string;
  readonly caller: Caller;
}

/** The token was issued for this credential, and its time is over. */
export interface ExpiredSecret {
  readonly expired: true;
}

/** Undefined for credentials that are not known, or no longer. */
export type FindSecret = (
  accessKeyId: string,
  sessionToken: string | undefined,
) => Promise<SecretOf | ExpiredSecret | undefined>;

export interface VerifyParts {
  readonly findSecret: FindSecret;
  readonly nowMs: number;
  /** Signing names the routed service answers to; any when left out. */
  readonly services?: readonly string[];
}

/** A request whose signature held. */
export interface Verified {
  readonly caller: Caller;
  readonly accessKeyId: string;
  readonly service: string;
  /** Undefined for version 2 signatures, which name no region. */
  readonly region: string | undefined;
  /** Where the signature was: `query` is a presigned URL. */
  readonly mode: 'header' | 'query';
  /** Hex SHA-256 of the body, `UNSIGNED-PAYLOAD` or one of the `STREAMING-…` names, as signed. */
  readonly payload: string;
  /** What signed chunks are chained to; undefined for version 2 signatures. */
  readonly chain: SignatureChain | undefined;
}

export interface SignatureChain {
  readonly key: Buffer;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly amzDate: string;
  /** `date/region/service/aws4_request`. */
  readonly scope: string;
  /** The request's own signature, in hex. */
  readonly seed: string;
}
