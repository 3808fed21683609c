/** Makes X.509 certificates. Adapters must pass `certificates.contract.ts`. */

export interface KeyAndCertificate {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

export interface Certificates {
  /** A new RSA key of 2,048 bits and a certificate it signed itself, valid for ten years. */
  selfSigned(subject: { readonly commonName: string }): Promise<KeyAndCertificate>;
}
