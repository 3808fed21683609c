/**
 * Signatures as a server sees them: AWS Signature Version 4 in headers, presigned URLs and chunked
 * bodies, and version 2 presigned S3 URLs. Says who signed; what they may do is decided elsewhere.
 */
export { verifiedBody } from './body.ts';
export { sha256Hex } from './canonical.ts';
export { claimedScope } from './claims.ts';
export type {
  ClaimedScope,
  ExpiredSecret,
  FindSecret,
  SecretOf,
  SignatureChain,
  SignedRequest,
  Verified,
  VerifyParts,
} from './types.ts';
export { verifySignature } from './verify.ts';
