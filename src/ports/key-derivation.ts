/** Keys from passphrases, slowly and with much memory. Adapters must never log or keep either. */

/** What a guess costs; see RFC 9106, section 4, for good values. */
export interface DerivationCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

export interface KeyDerivation {
  /** 32 bytes by Argon2id, the same for the same passphrase, salt and cost. */
  derive(
    passphrase: Uint8Array,
    given: { readonly salt: Uint8Array; readonly cost: DerivationCost },
  ): Promise<Uint8Array>;
}
