/** What every maker of certificates must do. Each adapter's test runs it with its own factory. */
import { createPrivateKey, createSign, createVerify, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Certificates } from './certificates.ts';

export function certificatesContract(make: () => Certificates): void {
  test('a certificate names its subject, holds the public key and is signed by it', async () => {
    const made = await make().selfSigned({ commonName: 'sns.amazonaws.com' });
    const certificate = new X509Certificate(made.certificatePem);
    expect(certificate.subject).toBe('CN=sns.amazonaws.com');
    expect(certificate.issuer).toBe('CN=sns.amazonaws.com');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(made.privateKeyPem))).toBe(true);
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.parse(certificate.validFrom));
  });

  test('the key is an RSA key that signs with both digests in use', async () => {
    const { certificatePem, privateKeyPem } = await make().selfSigned({ commonName: 'a.example' });
    const key = createPrivateKey(privateKeyPem);
    expect(key.asymmetricKeyDetails).toMatchObject({ modulusLength: 2_048 });
    for (const algorithm of ['RSA-SHA1', 'RSA-SHA256']) {
      const signature = createSign(algorithm).update('text').sign(key);
      const valid = createVerify(algorithm).update('text').verify(certificatePem, signature);
      expect(valid).toBe(true);
    }
  });

  test('no two certificates share key or serial number', async () => {
    const certificates = make();
    const [a, b] = await Promise.all([
      certificates.selfSigned({ commonName: 'a.example' }),
      certificates.selfSigned({ commonName: 'a.example' }),
    ]);
    expect(a.privateKeyPem).not.toBe(b.privateKeyPem);
    const serial = (pem: string) => new X509Certificate(pem).serialNumber;
    expect(serial(a.certificatePem)).not.toBe(serial(b.certificatePem));
  });
}
