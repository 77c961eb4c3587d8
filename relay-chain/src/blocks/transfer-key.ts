/** Name of a transfer in maps: `from-to-index` (ibtp-wire, ID formats). */
export const transferKey = (transfer: { readonly from: string; readonly to: string; readonly index: bigint }): string =>
  `${transfer.from}-${transfer.to}-${transfer.index.toString()}`;
