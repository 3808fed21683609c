/**
 * A small certificate authority, for trying out TLS and for nodes that know each other: a root, and
 * certificates for servers and clients under it. ECDSA on P-256 throughout.
 */
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type { X509Certificate } from '@peculiar/x509';
import type { KeyAndCertificate } from '../../ports/certificates.ts';
import { pem, serialNumber } from './x509.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** Clocks of those who verify may be behind. */
const leewayMs = 3_600_000;
const dayMs = 86_400_000;

export interface Validity {
  readonly nowMs: number;
  readonly days: number;
}

export interface Subject extends Validity {
  readonly commonName: string;
  /** Host names and addresses it stands for; none for a client. */
  readonly names: readonly string[];
  readonly use: 'server' | 'client';
}

/** The root of a new authority, which signs certificates and nothing else. */
export async function makeAuthority(
  commonName: string,
  validity: Validity,
): Promise<KeyAndCertificate> {
  const x509 = await load();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    serialNumber: serialNumber(),
    ...between(validity),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return written(certificate, keys.privateKey);
}

/** A key and a certificate that the authority signed. */
export async function issue(
  authority: KeyAndCertificate,
  subject: Subject,
): Promise<KeyAndCertificate> {
  const x509 = await load();
  const root = new x509.X509Certificate(authority.certificatePem);
  const signingKey = await importKey(authority.privateKeyPem);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const purpose = subject.use === 'server' ? 'serverAuth' : 'clientAuth';
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [subject.commonName] }],
    issuer: root.subject,
    serialNumber: serialNumber(),
    ...between(subject),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[purpose]]),
      new x509.SubjectAlternativeNameExtension(alternativeNames(subject)),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return written(certificate, keys.privateKey);
}

/** Loaded when first needed: they would cost half of the server's start. */
async function load() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

function between({ nowMs, days }: Validity) {
  return { notBefore: new Date(nowMs - leewayMs), notAfter: new Date(nowMs + days * dayMs) };
}

function alternativeNames({ commonName, names, use }: Subject) {
  const all = use === 'client' ? [commonName] : names;
  return all.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }));
}

async function importKey(privateKeyPem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(privateKeyPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

async function written(
  certificate: X509Certificate,
  privateKey: webcrypto.CryptoKey,
): Promise<KeyAndCertificate> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    privateKeyPem: pem('PRIVATE KEY', pkcs8),
  };
}
