/** Pictures that carry text to a phone's camera. */

export interface QrCodes {
  /** A PNG. Throws for text past the capacity of a code (about 2,900 bytes). */
  png(text: string): Uint8Array;
}
