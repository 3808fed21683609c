/** Slow, salted hashes of passwords. Adapters must never log or keep what they hash. */

export interface PasswordHasher {
  /** PHC form (`$argon2id$…`), with a new salt and the parameters in it. */
  hash(password: string): Promise<string>;
  /** In constant time with respect to the password; false for a hash it cannot read. */
  verify(password: string, hash: string): Promise<boolean>;
}
