/** Certificates by @peculiar/x509 over the platform's WebCrypto. */
import { webcrypto } from 'node:crypto';
import type { Certificates } from '../../ports/certificates.ts';

const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2_048,
  publicExponent: Uint8Array.of(1, 0, 1),
};
const validMs = 10 * 365 * 86_400_000;
/** Clocks of those who verify may be behind. */
const leewayMs = 86_400_000;

export function x509Certificates(): Certificates {
  return {
    async selfSigned({ commonName }) {
      // Loaded when first needed: they would cost half of the server's start.
      await import('reflect-metadata');
      const { X509CertificateGenerator } = await import('@peculiar/x509');
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const nowMs = Date.now();
      const certificate = await X509CertificateGenerator.createSelfSigned({
        name: [{ CN: [commonName] }],
        serialNumber: serialNumber(),
        notBefore: new Date(nowMs - leewayMs),
        notAfter: new Date(nowMs + validMs),
        signingAlgorithm: algorithm,
        keys,
      });
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
      return {
        certificatePem: `${certificate.toString('pem')}\n`,
        privateKeyPem: pem('PRIVATE KEY', pkcs8),
      };
    },
  };
}

/** Sixteen bytes, positive as a signed number. */
export function serialNumber(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString('hex');
}

export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
