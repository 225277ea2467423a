/** Who a finding is: the same on every replica and after every restart. */
export interface Fingerprint {
  /** SHA-256, hexadecimal, 64 characters. */
  readonly hash: string;
  /** metadata.name of its Observation. */
  readonly name: string;
}
