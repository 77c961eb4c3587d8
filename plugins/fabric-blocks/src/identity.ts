/** Who a domain is on a channel. */
export type ChannelIdentity = {
  readonly mspId: string;
  /** PEM. */
  readonly certificate: Uint8Array;
  /** msp.SerializedIdentity. */
  readonly serialized: Uint8Array;
  /** ECDSA P-256 over SHA-256, DER, low s. */
  readonly sign: (message: Uint8Array) => Uint8Array;
  /** 24 fresh bytes. */
  readonly nonce: () => Uint8Array;
};
