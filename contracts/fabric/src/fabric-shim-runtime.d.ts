declare module "fabric-shim/lib/contract-spi/chaincodefromcontract.js" {
  import { type Contract } from "fabric-contract-api";
  import { type ChaincodeInterface } from "fabric-shim";

  const chaincodeFromContract: new (
    contracts: readonly (new () => Contract)[],
    serializers: { readonly transaction: string; readonly serializers: Readonly<Record<string, unknown>> },
    metadata: object,
    title: string,
    version: string,
  ) => ChaincodeInterface;
  export default chaincodeFromContract;
}
