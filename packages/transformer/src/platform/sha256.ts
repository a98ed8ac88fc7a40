/** SHA-256 of bytes that come one after another. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** In hexadecimal; once. */
  digest(): string;
}
