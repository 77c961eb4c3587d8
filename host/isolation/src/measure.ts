/** A hash with several inputs, as node:crypto's; handed in. */
export type Sha256 = (parts: readonly string[]) => string;

/** Digest of what will run: configuration and image listing, each preceded by its length so that no two pairs meet. */
export const measureDomain = (sha256: Sha256, configuration: string, imageListing: string): string =>
  sha256(["crossguardian.domain.v1\n", ...[configuration, imageListing].flatMap((text) => [`${String(text.length)}\n`, text])]);
