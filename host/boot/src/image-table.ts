/**
 * A workspace folder whose dependencies, all of them, are in the image. `ownOnly` leaves out the third-party packages the folder
 * itself names, but not those of the workspace packages it loads: for one entry of a package whose other entry loads far more.
 */
export type ImageRoot = string | { readonly folder: string; readonly ownOnly: true };

/** Images by name. */
export type ImageTable = Readonly<Record<string, readonly ImageRoot[]>>;

/** The image that is checked where it lies and not copied: the launcher and what it is made of. */
export const BASE_IMAGE = "base";

/** The images of a gateway house and a relay house. */
export const IMAGES: ImageTable = {
  [BASE_IMAGE]: ["host/launch"],
  switch: ["host/switch"],
  network: ["host/network"],
  management: ["domains/management"],
  // The plugin's package is the image: it loads domains/appchain, which runs it.
  appchain: ["plugins/evm"],
  "appchain-utxo": ["plugins/utxo"],
  "appchain-ledger": ["plugins/ledger"],
  "appchain-fabric": ["plugins/fabric"],
  interaction: ["domains/interaction"],
  relay: ["domains/relay"],
  "relay-node": ["relay-chain"],
  // src/validator-main.ts loads no IPFS node.
  validator: [{ folder: "relay-chain", ownOnly: true }],
};
