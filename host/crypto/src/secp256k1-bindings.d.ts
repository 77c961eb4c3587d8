/** The native half of npm secp256k1; its index would fall back to a slow JavaScript curve without saying so. */
declare module "secp256k1/bindings.js" {
  type Curve = {
    readonly privateKeyVerify: (privateKey: Uint8Array) => boolean;
    readonly publicKeyCreate: (privateKey: Uint8Array, compressed: boolean) => Uint8Array;
    readonly ecdsaSign: (digest: Uint8Array, privateKey: Uint8Array) => { signature: Uint8Array; recid: number };
    readonly ecdsaRecover: (signature: Uint8Array, recovery: number, digest: Uint8Array, compressed: boolean) => Uint8Array;
  };
  const curve: Curve;
  export default curve;
}
